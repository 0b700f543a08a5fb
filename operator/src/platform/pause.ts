// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";

/** Waits for `ms` or until the signal aborts, whichever comes first; the caller looks at the signal. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
