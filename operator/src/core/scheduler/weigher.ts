// SPDX-License-Identifier: Apache-2.0
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";

/** Says how good a host is among those that fit. */
export interface Weigher {
  readonly name: string;
  /** Nova's weigher that it stands for. */
  readonly source: string;
  /** What its normalised value is multiplied by; below 0 it prefers the opposite. */
  readonly defaultMultiplier: number;
  /** The value that counts as 0 after normalisation; the lowest that occurs when absent. */
  readonly floor?: number;
  /** The raw value, in any unit: it is compared with the other hosts' only. */
  weigh(host: HostState, request: ScheduleRequest): number;
}

/** Declares a weigher. */
export function defineWeigher(weigher: Weigher): Weigher {
  return weigher;
}

/**
 * Raw values between 0 and 1 (below 0 where a value is under the floor); all 0 when they span nothing.
 * Source: nova-semantics 5.4.
 */
export function normalise(raw: readonly number[], floor?: number): number[] {
  const min = floor ?? Math.min(...raw);
  const span = Math.max(...raw) - min;
  return raw.map((value) => (span === 0 ? 0 : (value - min) / span));
}
