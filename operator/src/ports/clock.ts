// SPDX-License-Identifier: Apache-2.0
/** Time as the process sees it. The simulator's clock implements it as well. */
export interface Clock {
  /** Wall-clock time in ms since 1970: for what people read, never for measuring. */
  nowMs(): number;
  /** Time in ms that never goes back: for deadlines and ages. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** The wall-clock time as the API server wants it where it keeps microseconds: Leases and Events. */
export function microTimestampOf(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString().replace(/Z$/, "000Z");
}
