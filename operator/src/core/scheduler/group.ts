// SPDX-License-Identifier: Apache-2.0
import type { ServerGroup } from "../../api/kinds.ts";
import type { GuestSpec } from "../../api/v1alpha1/guest.ts";
import { zoneOf } from "./aggregates.ts";
import { groupKey } from "./claims.ts";
import type { HostState } from "./host-state.ts";
import type { GroupState } from "./request.ts";

/** Where a host is as the group sees it: its name, or the zone that it is in. */
export function domainOf(host: HostState, { topology }: GroupState): string | undefined {
  return topology === "Host" ? host.name : zoneOf(host);
}

/** Says how many members of the group are where a host is. */
export function memberCounter({ topology, members }: GroupState): (host: HostState) => number {
  if (topology === "Host") return ({ name }) => members.get(name) ?? 0;
  return (host) => members.get(zoneOf(host) ?? "") ?? 0;
}

/**
 * A server group as a member of it sees it: where the others are that hold a claim. One that holds two,
 * while it moves, is in both places. Source: nova-semantics 5.6.
 */
export function groupStateOf(
  { metadata, spec }: ServerGroup,
  serverUid: string,
  hosts: readonly HostState[],
): GroupState {
  const { topology, policy, maxServersPerHost: serversMax = 1 } = spec;
  const key = groupKey(metadata.namespace, metadata.name);
  const placed = new Map<string, Set<string>>();
  for (const host of hosts) {
    const members = host.groups?.get(key);
    const domain = members && (topology === "Host" ? host.name : zoneOf(host));
    if (domain === undefined) continue;
    const there = placed.get(domain) ?? new Set();
    for (const uid of members ?? []) if (uid !== serverUid) there.add(uid);
    placed.set(domain, there);
  }
  const counts = [...placed].map(([domain, uids]) => [domain, uids.size] as const);
  return { policy, topology, serversMax, members: new Map(counts.filter(([, size]) => size > 0)) };
}

/** Where a Guest stands. */
export interface GuestPlace {
  readonly host: string;
  /** The zone of that host. */
  readonly zone: string | undefined;
}

/** What a Guest carries of its server's group: the rule that its host checks again (protocol P2). */
export function groupRuleOf(
  name: string | undefined,
  group: ServerGroup | undefined,
  { host, zone }: GuestPlace,
): GuestSpec["group"] {
  if (name === undefined) return undefined;
  if (group === undefined) return { name };
  const { policy, topology, maxServersPerHost: serversMax = 1 } = group.spec;
  const place = topology === "Host" ? host : zone;
  if (place === undefined) return { name };
  if (policy === "affinity") return { name, rule: { policy, topology, place } };
  if (policy === "anti-affinity") return { name, rule: { policy, topology, place, serversMax } };
  return { name };
}
