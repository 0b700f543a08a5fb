// SPDX-License-Identifier: Apache-2.0
/** A moment given in ms since 1970 as the API server writes it, in whole seconds. */
export function timestampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Clocks of two machines may differ by this before their times are not compared any more. */
const skewSecondsMax = 60;

/**
 * Seconds since a timestamp, never below 0. Infinity when there is none, and when it lies in the future
 * by more than clocks may differ: then it is wrong, and nothing shall wait for it.
 */
export function secondsSince(timestamp: string | undefined, nowMs: number): number {
  if (timestamp === undefined) return Infinity;
  const seconds = (nowMs - Date.parse(timestamp)) / 1000;
  if (Number.isNaN(seconds) || seconds < -skewSecondsMax) return Infinity;
  return Math.max(0, seconds);
}
