// SPDX-License-Identifier: Apache-2.0
import { leastNumberOf } from "./aggregates.ts";
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";

/** Says how good a host is among those that fit. */
export interface Weigher {
  readonly name: string;
  /** Nova's weigher that it stands for. */
  readonly source: string;
  /** What its normalised value is multiplied by; below 0 it prefers the opposite. */
  readonly defaultMultiplier: number;
  /** The metadata of aggregates that gives their hosts another multiplier. */
  readonly multiplierKey: string;
  /** Values count against a host: the multiplier, wherever it comes from, is taken negative. */
  readonly isAdverse?: true;
  /** The value that counts as 0 after normalisation; the lowest that occurs when absent. */
  readonly floor?: number;
  /** The raw value, in any unit: it is compared with the other hosts' only. */
  weigh(host: HostState, request: ScheduleRequest, settings: SchedulerSettings): number;
}

/** Declares a weigher. */
export function defineWeigher(weigher: Weigher): Weigher {
  return weigher;
}

/**
 * Raw values between 0 and 1, what is under the floor as the floor; all 0 when they span nothing.
 * Source: nova-semantics 5.4.
 */
export function normalise(raw: readonly number[], floor?: number): number[] {
  let min = floor ?? Infinity;
  let max = floor ?? -Infinity;
  for (const value of raw) {
    if (floor === undefined && value < min) min = value;
    if (value > max) max = value;
  }
  const span = max - min;
  return raw.map((value) => (span === 0 ? 0 : (Math.max(value, min) - min) / span));
}

/** What is decided about, and how. */
export interface Weighing {
  readonly request: ScheduleRequest;
  readonly settings: SchedulerSettings;
  readonly weighers: readonly Weigher[];
}

/**
 * The sum of a host's weights, for each host in order: normalised values times multipliers, an
 * aggregate's before the administrator's before the weigher's own. A lone host is not weighed.
 * Source: nova-semantics 5.4.
 */
export function scoresOf(
  hosts: readonly HostState[],
  { request, settings, weighers }: Weighing,
): number[] {
  const scores = Array.from<number>({ length: hosts.length }).fill(0);
  if (hosts.length < 2) return scores;
  for (const weigher of weighers) {
    const multiplierAt = multipliersOf(weigher, hosts, settings);
    if (multiplierAt === undefined) continue;
    const raw = hosts.map((host) => weigher.weigh(host, request, settings));
    // Most weighers know nothing that tells one host from another: they are done here.
    if (raw.every((value) => value === raw[0]) && weigher.floor === undefined) continue;
    const normalised = normalise(raw, weigher.floor);
    for (let index = 0; index < hosts.length; index += 1) {
      scores[index] = (scores[index] ?? 0) + (normalised[index] ?? 0) * multiplierAt(index);
    }
  }
  return scores;
}

/** By index of host; undefined when the weigher counts for none. */
function multipliersOf(
  weigher: Weigher,
  hosts: readonly HostState[],
  settings: SchedulerSettings,
): ((index: number) => number) | undefined {
  const sign = weigher.isAdverse === true ? -1 : 1;
  const own = sign * (settings.multipliers?.[weigher.name] ?? weigher.defaultMultiplier);
  const hasAggregates = hosts.some(({ aggregates = [] }) => aggregates.length > 0);
  if (!hasAggregates) return own === 0 ? undefined : () => own;
  const multipliers = hosts.map((host) => {
    const given = leastNumberOf(host, weigher.multiplierKey);
    return given === undefined ? own : sign * given;
  });
  return (index) => multipliers[index] ?? 0;
}
