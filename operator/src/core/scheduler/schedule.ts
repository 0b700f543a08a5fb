// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import { label } from "../../api/names.ts";
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import { questionsOf, testOf } from "./filter.ts";
import { capacity } from "./filters/capacity.ts";
import { filters } from "./filters/index.ts";
import { HostAnswers } from "./host-answers.ts";
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";
import { HostWeights } from "./host-weights.ts";
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

/** What came of every host that was looked at. */
export interface Choice {
  readonly excluded: readonly Exclusion[];
  readonly fitting: readonly HostState[];
  /** The weights of the fitting hosts, by their index. */
  readonly weights: HostWeights;
  /** The index of the best among the fitting; undefined when none fits. */
  readonly best: number | undefined;
}

/** A host that does not fit, and why not, as a predicate about it. */
export interface Exclusion {
  readonly host: HostState;
  readonly cause: string;
}

/**
 * Chooses a host: those that pass every filter, then the one with the highest sum of weights. The same
 * input always gives the same answer. Source: nova-semantics 5.3, 5.4.
 */
export function choose(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings = {},
): Choice {
  const { fitting, places, excluded } = sieve(hosts, askAll(request, hosts, settings));
  const weights = new HostWeights(hosts, { request, settings, weighers }, places);
  return { excluded, fitting, weights, best: bestOf(request, fitting, weights, settings) };
}

/**
 * The choice in short. NeverFits means that no host that is known could hold the server even if it were
 * empty; NoValidHost that waiting may help.
 */
export function schedule(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings = {},
): ScheduleResult {
  const { excluded, fitting, weights, best } = choose(request, hosts, settings);
  const counts = countOf(excluded);
  const causes = excluded.length === 0 ? {} : { excluded: counts };
  const decision = { considered: hosts.length, ...causes };
  const host = best === undefined ? undefined : fitting[best]?.name;
  if (best !== undefined && host !== undefined) {
    const counting = weightsFor(weights.weightsAt(best));
    const why = Object.keys(counting).length === 0 ? {} : { weights: counting };
    return { ok: true, host, decision: { host, ...decision, ...why } };
  }
  const never = neverFits(request, hosts, settings);
  if (never !== undefined) {
    const message = `no known hypervisor could hold it even if empty: ${describe(never)}`;
    return { ok: false, reason: "NeverFits", message, counts: never, decision };
  }
  const message = noHostMessage(hosts.length, counts);
  return { ok: false, reason: "NoValidHost", message, counts, decision };
}

/** How many hosts pass every filter, and what excludes the others. Claims nothing. */
export function candidatesFor(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings,
): { readonly count: number; readonly excluded: ExclusionCounts } {
  const { fitting, excluded } = sieve(hosts, askAll(request, hosts, settings));
  return { count: fitting.length, excluded: countOf(excluded) };
}

interface Sieved {
  readonly fitting: readonly HostState[];
  /** The indexes of the fitting among all. */
  readonly places: Uint32Array;
  readonly excluded: readonly Exclusion[];
}

/** One for the product: it has one list of filters. */
const answers = new HostAnswers();

type PlacedTest = (host: HostState, place: number) => true | string;

/** Every filter as one test. */
function askAll(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings,
): PlacedTest {
  return answers.testOf(hosts, questionsOf(filters, request, settings));
}

function sieve(hosts: readonly HostState[], test: PlacedTest): Sieved {
  const fitting: HostState[] = [];
  const places = new Uint32Array(hosts.length);
  const excluded: Exclusion[] = [];
  let place = 0;
  for (const host of hosts) {
    const cause = test(host, place);
    if (cause === true) {
      places[fitting.length] = place;
      fitting.push(host);
    } else {
      excluded.push({ host, cause });
    }
    place += 1;
  }
  return { fitting, places: places.subarray(0, fitting.length), excluded };
}

/** Why each host, if it were empty, would not hold the server; undefined when one might. */
function neverFits(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings,
): ExclusionCounts | undefined {
  if (hosts.length === 0) return undefined;
  const test = testOf([capacity], request, settings);
  const empty = (host: HostState): true | string =>
    host.inventory === undefined || test({ ...host, used: {} });
  const { fitting, excluded } = sieve(hosts, empty);
  return fitting.length > 0 ? undefined : countOf(excluded);
}

/** The index of the host with the highest score; of several, the one that the server's lot falls on. */
function bestOf(
  { serverUid }: ScheduleRequest,
  hosts: readonly HostState[],
  { scores }: HostWeights,
  { hostSubsetSize = 1 }: SchedulerSettings,
): number | undefined {
  const serverHash = hashOf(`${serverUid}/`);
  const [first, ...others] = shortlist(hosts, scores, { sizeMax: hostSubsetSize, serverHash });
  if (first === undefined) return undefined;
  return others.reduce((one, other) => (other.lot > one.lot ? other : one), first).index;
}

interface Finalist {
  readonly index: number;
  readonly score: number;
  readonly lot: number;
}

/** The so many best hosts, the best first. Source: nova-semantics 5.4, host_subset_size. */
function shortlist(
  hosts: readonly HostState[],
  scores: Float64Array,
  { sizeMax, serverHash }: { readonly sizeMax: number; readonly serverHash: number },
): Finalist[] {
  const list: Finalist[] = [];
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index] ?? 0;
    const last = list.at(-1);
    const isFull = list.length >= sizeMax;
    if (isFull && last !== undefined && score < last.score) continue;
    const one = { index, score, lot: hashOf(hosts[index]?.name ?? "", serverHash) };
    const place = list.findIndex((other) => isBetter(one, other));
    if (place === -1 && isFull) continue;
    list.splice(place === -1 ? list.length : place, 0, one);
    if (isFull) list.pop();
  }
  return list;
}

function isBetter(one: Finalist, other: Finalist): boolean {
  return one.score === other.score ? one.lot > other.lot : one.score > other.score;
}

/** Those that count, short enough to read. */
function weightsFor(weights: Readonly<Record<string, number>>): Record<string, number> {
  const rounded = Object.entries(weights).map(
    ([name, weight]) => [name, Math.round(weight * 1e3) / 1e3] as const,
  );
  return Object.fromEntries(rounded.filter(([, weight]) => weight !== 0));
}

/**
 * Decides between hosts of equal weight. Nova draws lots; a hash of server and host spreads servers just
 * as well, and gives the same answer when the same decision is made again. FNV-1a, 32 bits, continued
 * from the hash of the text before.
 */
function hashOf(text: string, before = 0x811c9dc5): number {
  let hash = before;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Bounds of `status.decision.excluded`: causes name what a flavor asks for, which may be long. */
const causeCharactersMax = 128;
const causesMax = 32;
const otherCause = "does not fit for other causes";

function countOf(excluded: readonly Exclusion[]): ExclusionCounts {
  const counts: Record<string, number> = {};
  for (const { cause: whole } of excluded) {
    let cause = whole.slice(0, causeCharactersMax);
    if (!(cause in counts) && Object.keys(counts).length >= causesMax - 1) cause = otherCause;
    counts[cause] = (counts[cause] ?? 0) + 1;
  }
  return counts;
}

function noHostMessage(hostCount: number, counts: ExclusionCounts): string {
  if (hostCount > 0) return `0 of ${hostCount} hypervisors: ${describe(counts)}`;
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
