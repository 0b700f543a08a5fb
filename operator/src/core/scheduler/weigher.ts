// SPDX-License-Identifier: Apache-2.0
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";

/** The raw value of a host, in any unit: it is compared with the other hosts' only. */
export type Measure = (host: HostState) => number;

/** Says how good a host is among those that fit. */
export type Weigher = WeigherFacts & (HostWeigher | RequestWeigher);

interface WeigherFacts {
  readonly name: string;
  /** Nova's weigher that it stands for; "none" when it is not in Nova. */
  readonly source: string;
  /** Which hosts are better, for people. */
  readonly about: string;
  /** Where it departs from Nova. */
  readonly differs?: string;
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
