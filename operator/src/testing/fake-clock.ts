// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";

interface Timer {
  readonly dueMs: number;
  /** Timers that are due together fire in the order in which they were set. */
  readonly order: number;
  readonly fire: () => void;
}

/** 2026-01-01T00:00:00Z. */
const epochMs = 1_767_225_600_000;

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  #orders = 0;
  readonly #timers = new Set<Timer>();
  /** Added to the wall clock only: what an administrator or NTP does to it. */
  wallOffsetMs = 0;

  nowMs(): number {
    return epochMs + this.#elapsedMs + this.wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const abort = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const order = this.#orders;
    this.#orders += 1;
    const timer: Timer = { dueMs: this.#elapsedMs + Math.max(0, ms), order, fire: callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time on by `ms`, and fires what falls due on the way, one timer at a time: all that follows
   * from one happens before the next.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settle();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.dueMs > untilMs) break;
      await this.#fire(next);
    }
    this.#elapsedMs = untilMs;
  }

  /**
   * Moves time on, timer by timer, until `holds`. Throws when that takes more than `msMax`, or when
   * no timer is left.
   */
  async advanceUntil(holds: () => boolean, msMax = 600_000): Promise<void> {
    const untilMs = this.#elapsedMs + msMax;
    await settle();
    while (!holds()) {
      const next = this.#next();
      if (next === undefined) throw new Error("nothing more will happen by itself");
      if (next.dueMs > untilMs) throw new Error(`still not so after ${msMax} ms`);
      await this.#fire(next);
    }
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
    timer.fire();
    await settle();
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || isBefore(timer, next)) next = timer;
    }
    return next;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.dueMs === other.dueMs ? one.order < other.order : one.dueMs < other.dueMs;
}

/** Lets everything happen that waits for promises only, not for time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
