// SPDX-License-Identifier: Apache-2.0
import { zoneOf } from "./aggregates.ts";
import type { HostState } from "./host-state.ts";
import type { GroupState } from "./request.ts";

/** Where a host is as the group sees it: its name, or the zone that it is in. */
export function domainOf(host: HostState, { topology }: GroupState): string | undefined {
  return topology === "Host" ? host.name : zoneOf(host);
}

/** How many members of the group are where the host is. */
export function membersAt(host: HostState, group: GroupState): number {
  const domain = domainOf(host, group);
  return domain === undefined ? 0 : (group.members.get(domain) ?? 0);
}
