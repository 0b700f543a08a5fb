// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import { label } from "../../api/names.ts";
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import { filters } from "./filters/index.ts";
import { capacity } from "./filters/capacity.ts";
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";
import { scoresOf } from "./weigher.ts";
import { weighers } from "./weighers/index.ts";

/** How the scheduler decided, short enough for a status. */
export type Decision = NonNullable<ServerStatus["decision"]>;

/** How many hosts each cause excluded, by its predicate about one host. */
export type ExclusionCounts = Readonly<Record<string, number>>;

export type ScheduleResult =
  | { readonly ok: true; readonly host: string; readonly decision: Decision }
  | (Refusal & {
      readonly reason: "NoValidHost" | "NeverFits";
      readonly counts: ExclusionCounts;
      readonly decision: Decision;
    });

/**
 * Chooses a host: those that pass every filter, then the one with the highest sum of weights. The same
 * input always gives the same answer. NeverFits means that no host that is known could hold the server
 * even if it were empty; NoValidHost that waiting may help. Source: nova-semantics 5.3, 5.4.
 */
export function schedule(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings = {},
): ScheduleResult {
  const verdicts = hosts.map((host) => firstFault(host, request, settings));
  const fitting = hosts.filter((_, index) => verdicts[index] === true);
  const counts = countOf(verdicts);
  const excluded = Object.keys(counts).length === 0 ? {} : { excluded: counts };
  const decision = { considered: hosts.length, ...excluded };
  const best = bestOf(request, fitting, settings);
  if (best !== undefined) return { ok: true, host: best, decision: { host: best, ...decision } };
  const never = neverFits(request, hosts, settings);
  if (never !== undefined) {
    const message = `no known hypervisor could hold it even if empty: ${describe(never)}`;
    return { ok: false, reason: "NeverFits", message, counts: never, decision };
  }
  const message = noHostMessage(hosts.length, counts);
  return { ok: false, reason: "NoValidHost", message, counts, decision };
}

function firstFault(
  host: HostState,
  request: ScheduleRequest,
  settings: SchedulerSettings,
): true | string {
  for (const filter of filters) {
    const verdict = filter.passes(host, request, settings);
    if (verdict !== true) return verdict;
  }
  return true;
}

/** Why each host, if it were empty, would not hold the server; undefined when one might. */
function neverFits(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings,
): ExclusionCounts | undefined {
  if (hosts.length === 0) return undefined;
  const verdicts = hosts.map((host) =>
    host.inventory === undefined ? true : capacity.passes({ ...host, used: {} }, request, settings),
  );
  return verdicts.includes(true) ? undefined : countOf(verdicts);
}

/** The name of the host with the highest score. */
function bestOf(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings,
): string | undefined {
  const scores = scoresOf(hosts, { request, settings, weighers });
  let highest = -Infinity;
  for (const score of scores) highest = Math.max(highest, score);
  return hosts
    .filter((_, index) => scores[index] === highest)
    .map(({ name }) => ({ name, lot: hashOf(`${request.serverUid}/${name}`) }))
    .reduce<{ name?: string; lot: number }>((best, one) => (one.lot > best.lot ? one : best), {
      lot: -1,
    }).name;
}

/**
 * Decides between hosts of equal weight. Nova draws lots; a hash of server and host spreads servers just
 * as well, and gives the same answer when the same decision is made again. FNV-1a, 32 bits.
 */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Bounds of `status.decision.excluded`: causes name what a flavor asks for, which may be long. */
const causeCharactersMax = 128;
const causesMax = 32;
const otherCause = "does not fit for other causes";

function countOf(verdicts: readonly (true | string)[]): ExclusionCounts {
  const counts: Record<string, number> = {};
  for (const verdict of verdicts) {
    if (verdict === true) continue;
    let cause = verdict.slice(0, causeCharactersMax);
    if (!(cause in counts) && Object.keys(counts).length >= causesMax - 1) cause = otherCause;
    counts[cause] = (counts[cause] ?? 0) + 1;
  }
  return counts;
}

function noHostMessage(hostCount: number, counts: ExclusionCounts): string {
  if (hostCount > 0) return `0 of ${hostCount} hypervisors fit: ${describe(counts)}`;
  return `there is no hypervisor: label a node ${label.hypervisor}=true`;
}

const plurals: readonly (readonly [RegExp, string])[] = [
  [/^is /, "are "],
  [/^has /, "have "],
  [/^does /, "do "],
  [/^lacks /, "lack "],
  [/^offers /, "offer "],
  [/^waits for its /, "wait for their "],
];

/** For example `2 lack 4096 MiB MEMORY_MB, 1 is down`, the most frequent cause first. */
function describe(counts: ExclusionCounts): string {
  return Object.entries(counts)
    .toSorted(([, one], [, other]) => other - one)
    .map(([cause, count]) => `${count} ${count === 1 ? cause : pluralOf(cause)}`)
    .join(", ");
}

function pluralOf(predicate: string): string {
  const found = plurals.find(([singular]) => singular.test(predicate));
  return found === undefined ? predicate : predicate.replace(...found);
}
