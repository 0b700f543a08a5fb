// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";

const burst = 25;
const refillMs = 60_000;
const objectsMax = 4096;

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** How many Events an object may cause: a burst, then one a minute. Bounded in objects as well. */
export class EventBudget {
  readonly #clock: Clock;
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the object of this uid may cause one more now. */
  take(uid: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(uid) ?? { tokens: burst, filledMs: nowMs };
    const refills = Math.floor((nowMs - bucket.filledMs) / refillMs);
    bucket.tokens = Math.min(burst, bucket.tokens + refills);
    bucket.filledMs += refills * refillMs;
    this.#buckets.delete(uid);
    this.#buckets.set(uid, bucket);
    if (this.#buckets.size > objectsMax) this.#forgetOldest();
    if (bucket.tokens === 0) return false;
    bucket.tokens -= 1;
    return true;
  }

  #forgetOldest(): void {
    for (const uid of this.#buckets.keys()) {
      this.#buckets.delete(uid);
      return;
    }
  }
}
