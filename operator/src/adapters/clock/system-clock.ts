// SPDX-License-Identifier: Apache-2.0
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../ports/clock.ts";

/** The machine's own time. Waits of more than 24 days are not supported, and throw. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    assertWaitable(ms);
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  after(ms, callback) {
    assertWaitable(ms);
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Node fires a longer timer at once, with no more than a warning. */
function assertWaitable(ms: number): void {
  if (!(ms < 2 ** 31)) throw new RangeError(`cannot wait for ${ms} ms`);
}
