// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../api/kinds.ts";
import { label, manager } from "../../api/names.ts";

/** Name of the budget in every namespace that has servers. */
export const budgetName = "kilonova-servers";

/**
 * More pods than a namespace can hold: the eviction API then refuses each of them. For pods without a
 * workload controller, a budget can name no percentage and no `maxUnavailable`.
 */
const minAvailable = 1_000_000;

/** The PodDisruptionBudget that keeps a drain from ending guests whose disk is on the node. */
export function evictionBudget(namespace: string) {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: budgetName, namespace, labels: { [label.managedBy]: manager } },
    spec: {
      minAvailable,
      selector: { matchExpressions: [{ key: label.serverUid, operator: "Exists" as const }] },
    },
  };
}

/** A namespace is guarded while a server stands in it that shall go on standing. */
export function isGuarded(servers: readonly Server[]): boolean {
  return servers.some(({ metadata }) => metadata.deletionTimestamp === undefined);
}
