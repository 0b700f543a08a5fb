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

/** Whoever asks why a drain does not end finds the budget first. */
const description =
  "Keeps server pods on the node that holds their disks. To empty the node, stop and delete its servers.";

/** The PodDisruptionBudget that keeps a drain from ending guests whose disk is on the node. */
export function evictionBudget(namespace: string) {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      name: budgetName,
      namespace,
      labels: { [label.managedBy]: manager },
      annotations: { "kubernetes.io/description": description },
    },
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
