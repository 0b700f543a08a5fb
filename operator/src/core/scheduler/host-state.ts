// SPDX-License-Identifier: Apache-2.0
import type { Hypervisor } from "../../api/kinds.ts";
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import { conditionOf } from "../lib/condition-set.ts";
import { addUp, type Inventories } from "../placement/inventory.ts";
import type { HeldClaim } from "./claims.ts";

/** One hypervisor as filters and weighers see it. */
export interface HostState {
  readonly name: string;
  /** Its agent's heartbeat is fresh. */
  readonly isUp: boolean;
  readonly isDisabled: boolean;
  /** It is the machine that it was when it was first seen or last acknowledged. */
  readonly isIdentityKnown: boolean;
  readonly node: NodeState;
  /** Absent until its agent has reported. */
  readonly inventory: Inventories | undefined;
  /** What claims hold of it, assumed ones included. */
  readonly used: Resources;
}

/** What the administrator says by the Node object: `Gone` when there is none. */
export type NodeState = "Offered" | "Unlabelled" | "Cordoned" | "Gone";

/** The hosts that there are, with what is held of them. `nodes` is by node name. */
export function hostStatesOf(
  hypervisors: Iterable<Hypervisor>,
  nodes: ReadonlyMap<string, NodeState>,
  claims: Iterable<HeldClaim>,
): HostState[] {
  const held = new Map<string, Resources[]>();
  for (const { host, resources } of claims) {
    const ofHost = held.get(host);
    if (ofHost === undefined) held.set(host, [resources]);
    else ofHost.push(resources);
  }
  return Array.from(hypervisors, ({ metadata: { name }, spec, status }) => ({
    name,
    isUp: status?.state === "up",
    isDisabled: spec.isDisabled,
    isIdentityKnown: conditionOf(status?.conditions, "IdentityKnown")?.status !== "False",
    node: nodes.get(name) ?? "Gone",
    inventory: status?.inventory,
    used: addUp(held.get(name) ?? []),
  }));
}
