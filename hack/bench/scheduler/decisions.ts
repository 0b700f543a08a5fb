// SPDX-License-Identifier: Apache-2.0
/** How much CPU time our decisions take: candidates, filters, weighers and the claim. */
import type { Resources } from "../../../operator/src/api/v1alpha1/guest-model.ts";
import { addUp } from "../../../operator/src/core/placement/inventory.ts";
import { candidateOn } from "../../../operator/src/core/scheduler/host-candidates.ts";
import type { HostState } from "../../../operator/src/core/scheduler/host-state.ts";
import type { ScheduleRequest } from "../../../operator/src/core/scheduler/request.ts";
import { schedule } from "../../../operator/src/core/scheduler/schedule.ts";
import { percentile } from "../report.ts";

const warmUpCount = 30;

export type RequestFor = (serverUid: string) => ScheduleRequest;

/**
 * Milliseconds of CPU time per decision, one value each. Every decision is about another server, and
 * claims what it takes: the next one finds its host fuller. Throws when a server finds no host.
 */
export function decisionTimes(
  hosts: readonly HostState[],
  requestFor: RequestFor,
  count: number,
): number[] {
  const fleet = [...hosts];
  const rowOf = new Map(fleet.map(({ name }, row) => [name, row]));
  const times = Array.from({ length: warmUpCount + count }, (_, turn) => {
    const request = requestFor(`server-${turn}`);
    return cpuMs(() => decide(fleet, rowOf, request));
  });
  return times.slice(warmUpCount);
}

/** The same, but nothing is known of the hosts from decisions before: as a new leader's first decision. */
export function firstDecisionTimes(
  hosts: readonly HostState[],
  requestFor: RequestFor,
  count: number,
): number[] {
  const rowOf = new Map(hosts.map(({ name }, row) => [name, row]));
  const times = Array.from({ length: warmUpCount + count }, (_, turn) => {
    const request = requestFor(`server-${turn}`);
    const fleet = hosts.map((host) => ({ ...host }));
    return cpuMs(() => decide(fleet, rowOf, request));
  });
  return times.slice(warmUpCount);
}

function decide(
  fleet: HostState[],
  rowOf: ReadonlyMap<string, number>,
  request: ScheduleRequest,
): void {
  const result = schedule(request, fleet);
  if (!result.ok) throw new Error(result.message);
  const row = rowOf.get(result.host) ?? -1;
  const host = fleet[row];
  if (host !== undefined) fleet[row] = claim(host, request);
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** CPU time of this process meanwhile, all threads: others that use the machine do not count. */
export function cpuMs(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The host with what the server takes of it and of its devices. */
function claim(host: HostState, { placement, resources }: ScheduleRequest): HostState {
  const { providers, used } = host;
  if (placement === undefined || providers === undefined) {
    return { ...host, used: addUp([used, resources]) };
  }
  const taken = candidateOn(host, placement)?.allocations ?? new Map<string, Resources>();
  return {
    ...host,
    used: addUp([used, taken.get(host.name) ?? {}]),
    providers: providers.map((one) => {
      const mine = taken.get(one.uuid);
      return mine === undefined ? one : { ...one, used: addUp([one.used, mine]) };
    }),
  };
}
