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
    if (value < min && floor === undefined) min = value;
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
  const scores = hosts.map(() => 0);
  if (hosts.length < 2) return scores;
  for (const weigher of weighers) {
    const multipliers = hosts.map((host) => multiplierOf(weigher, host, settings));
    if (multipliers.every((multiplier) => multiplier === 0)) continue;
    const raw = hosts.map((host) => weigher.weigh(host, request, settings));
    for (const [index, value] of normalise(raw, weigher.floor).entries()) {
      scores[index] = (scores[index] ?? 0) + value * (multipliers[index] ?? 0);
    }
  }
  return scores;
}

function multiplierOf(weigher: Weigher, host: HostState, settings: SchedulerSettings): number {
  const given =
    leastNumberOf(host, weigher.multiplierKey) ??
    settings.multipliers?.[weigher.name] ??
    weigher.defaultMultiplier;
  return weigher.isAdverse === true ? -given : given;
}
