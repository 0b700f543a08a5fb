// SPDX-License-Identifier: Apache-2.0
import { leastNumberOf } from "./aggregates.ts";
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";

/** The raw value of a host, in any unit: it is compared with the other hosts' only. */
export type Measure = (host: HostState) => number;

/** Says how good a host is among those that fit. */
export type Weigher = WeigherFacts & (HostWeigher | RequestWeigher);

interface WeigherFacts {
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
}

/** Looks at the host alone: its value is worked out once for as long as the host does not change. */
interface HostWeigher {
  readonly weigh: Measure;
  readonly measureFor?: never;
}

/** Looks at what is asked as well. */
interface RequestWeigher {
  readonly weigh?: never;
  /** The measure of this decision; undefined when it would be the same for every host. */
  measureFor(request: ScheduleRequest, settings: SchedulerSettings): Measure | undefined;
}

/** Declares a weigher. */
export function defineWeigher(weigher: Weigher): Weigher {
  return weigher;
}

/** What is decided about, and how. */
export interface Weighing {
  readonly request: ScheduleRequest;
  readonly settings: SchedulerSettings;
  readonly weighers: readonly Weigher[];
}

/** What is known of a host alone. */
interface Profile {
  /** Raw values by position of the weigher; 0 for weighers that look at the request. */
  readonly values: readonly number[];
  /** Multipliers that the host's aggregates give, by name of the weigher; absent where they give none. */
  readonly multipliers?: ReadonlyMap<string, number>;
}

/** Hosts are never changed, only replaced: a profile holds as long as its host is there. */
const profiles = new WeakMap<readonly Weigher[], WeakMap<HostState, Profile>>();

/** What one weigher makes of the hosts. */
interface Scale {
  readonly name: string;
  readonly position: number;
  /** Raw values by index of host; undefined for those that the profiles have. */
  readonly measured: Float64Array | undefined;
  /** The raw value that counts as 0, and how far the highest is above it; never 0. */
  readonly min: number;
  readonly span: number;
  /** The multiplier of hosts whose aggregates give none. */
  readonly multiplier: number;
  readonly sign: 1 | -1;
}

/**
 * The weights of hosts that all fit: normalised values times multipliers, an aggregate's before the
 * administrator's before the weigher's own. A lone host is not weighed. Source: nova-semantics 5.4.
 */
export class HostWeights {
  /** The sum of each host's weights, in the order of the hosts. */
  readonly scores: Float64Array;
  readonly #profiles: readonly Profile[];
  readonly #scales: readonly Scale[];

  constructor(hosts: readonly HostState[], weighing: Weighing) {
    const isWeighed = hosts.length > 1;
    this.scores = new Float64Array(hosts.length);
    this.#profiles = isWeighed ? profilesOf(hosts, weighing.weighers) : [];
    this.#scales = isWeighed ? scalesOf(hosts, this.#profiles, weighing) : [];
    for (let index = 0; index < this.#profiles.length; index += 1) {
      const profile = this.#profiles[index];
      let sum = 0;
      for (const scale of this.#scales) sum += weightOf(scale, profile, index);
      this.scores[index] = sum;
    }
  }

  /** What each weigher that tells the hosts apart gave the host at an index, by name. */
  weightsAt(index: number): Record<string, number> {
    const profile = this.#profiles[index];
    return Object.fromEntries(
      this.#scales.map((scale) => [scale.name, weightOf(scale, profile, index)]),
    );
  }
}

/** The scales of the weighers that tell these hosts apart. */
function scalesOf(
  hosts: readonly HostState[],
  known: readonly Profile[],
  { request, settings, weighers }: Weighing,
): Scale[] {
  const ranges = rangesOf(known, weighers.length);
  return weighers.flatMap((weigher, position): Scale[] => {
    const { name, floor } = weigher;
    const measure = weigher.measureFor?.(request, settings);
    const measured = measure && measureAll(hosts, measure);
    const range = measured === undefined ? ranges[position] : rangeOf(measured);
    if (range === undefined) return [];
    const min = floor ?? range.min;
    const span = Math.max(range.max, min) - min;
    const sign = weigher.isAdverse === true ? -1 : 1;
    const multiplier = sign * (settings.multipliers?.[name] ?? weigher.defaultMultiplier);
    return span === 0 ? [] : [{ name, position, measured, min, span, multiplier, sign }];
  });
}

/** What is under the floor counts as the floor. Source: nova-semantics 5.4. */
function weightOf(scale: Scale, profile: Profile | undefined, index: number): number {
  const { measured, position, min, span } = scale;
  const value = (measured === undefined ? profile?.values[position] : measured[index]) ?? min;
  const normalised = value > min ? (value - min) / span : 0;
  const given = profile?.multipliers?.get(scale.name);
  return normalised * (given === undefined ? scale.multiplier : scale.sign * given);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** The lowest and highest raw value at each position. */
function rangesOf(known: readonly Profile[], width: number): Range[] {
  const min = new Float64Array(width).fill(Infinity);
  const max = new Float64Array(width).fill(-Infinity);
  for (const { values } of known) {
    for (let position = 0; position < width; position += 1) {
      const value = values[position] ?? 0;
      min[position] = Math.min(min[position] ?? value, value);
      max[position] = Math.max(max[position] ?? value, value);
    }
  }
  return Array.from(min, (lowest, position) => ({ min: lowest, max: max[position] ?? lowest }));
}

function rangeOf(measured: Float64Array): Range {
  let min = Infinity;
  let max = -Infinity;
  for (const value of measured) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function measureAll(hosts: readonly HostState[], measure: Measure): Float64Array {
  const measured = new Float64Array(hosts.length);
  let index = 0;
  for (const host of hosts) measured[index++] = measure(host);
  return measured;
}

function profilesOf(hosts: readonly HostState[], weighers: readonly Weigher[]): Profile[] {
  let known = profiles.get(weighers);
  if (known === undefined) {
    known = new WeakMap();
    profiles.set(weighers, known);
  }
  const found: Profile[] = [];
  for (const host of hosts) {
    let profile = known.get(host);
    if (profile === undefined) {
      profile = profileOf(host, weighers);
      known.set(host, profile);
    }
    found.push(profile);
  }
  return found;
}

function profileOf(host: HostState, weighers: readonly Weigher[]): Profile {
  const values = weighers.map(({ weigh }) => weigh?.(host) ?? 0);
  const given = weighers.flatMap(({ name, multiplierKey }) => {
    const multiplier = leastNumberOf(host, multiplierKey);
    return multiplier === undefined ? [] : [[name, multiplier] as const];
  });
  return given.length === 0 ? { values } : { values, multipliers: new Map(given) };
}
