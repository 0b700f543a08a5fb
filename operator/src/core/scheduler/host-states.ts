// SPDX-License-Identifier: Apache-2.0
/** Hosts as decisions see them, from what the cluster says of them. */
import type { HostAggregate, Hypervisor } from "../../api/kinds.ts";
import { conditionOf } from "../lib/condition-set.ts";
import { addUp } from "../placement/inventory.ts";
import type { HeldClaim } from "./claims.ts";
import { guestFacts, reportedFacts } from "./host-facts.ts";
import type { HostState, NodeView } from "./host-state.ts";
import { Membership } from "./membership.ts";

/** What hosts are known from. Objects may come from caches. */
export interface HostSources {
  readonly hypervisors: Iterable<Hypervisor>;
  /** By name. */
  readonly nodes: ReadonlyMap<string, NodeView>;
  readonly aggregates?: Iterable<HostAggregate>;
}

/** The hosts that there are, with what is held of them. */
export function hostStatesOf(sources: HostSources, claims: Iterable<HeldClaim>): HostState[] {
  const { hypervisors, nodes, aggregates = [] } = sources;
  const membership = new Membership(aggregates);
  const held = new Map<string, HeldClaim[]>();
  for (const claim of claims) {
    const ofHost = held.get(claim.host);
    if (ofHost === undefined) held.set(claim.host, [claim]);
    else ofHost.push(claim);
  }
  return Array.from(hypervisors, (hypervisor) => {
    const { name } = hypervisor.metadata;
    const node = nodes.get(name);
    return hostStateOf(hypervisor, { node, membership }, held.get(name) ?? []);
  });
}

/** What surrounds a host. */
export interface HostPlace {
  readonly node: NodeView | undefined;
  readonly membership: Membership;
}

/** The state of one host, with all claims that stand on it. */
export function hostStateOf(
  hypervisor: Hypervisor,
  { node, membership }: HostPlace,
  claims: readonly HeldClaim[],
): HostState {
  const { metadata, spec, status } = hypervisor;
  return {
    name: metadata.name,
    isUp: status?.state === "up",
    isDisabled: spec.isDisabled,
    isIdentityKnown: conditionOf(status?.conditions, "IdentityKnown")?.status !== "False",
    node: node?.state ?? "Gone",
    inventory: status?.inventory,
    used: addUp(claims.map(({ resources }) => resources)),
    ...reportedFacts(hypervisor, node, membership),
    ...guestFacts(claims),
  };
}
