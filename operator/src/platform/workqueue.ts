// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Keys that may wait or be worked on at a time. Default: 100 000. */
  readonly keysMax?: number;
}

interface Delayed {
  readonly dueMs: number;
  readonly cancel: () => void;
}

const keysMaxDefault = 100_000;
/** A longer delay ends early, which costs one pass that finds nothing to do. */
const delayMsMax = 24 * 60 * 60 * 1000;

/**
 * Keys to be worked on. A key waits once however often it is added, is worked on by one worker at a
 * time, and when added meanwhile is worked on again afterwards. First come, first served.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #keysMax: number;
  /** Insertion order is the order of service. */
  readonly #ready = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while being worked on. */
  readonly #dirty = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  #isClosed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#keysMax = options.keysMax ?? keysMaxDefault;
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#ready.size + this.#dirty.size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Returns false, and forgets the key, when the queue is full or closed. */
  add(key: string): boolean {
    if (this.#isClosed) return false;
    if (this.#processing.has(key)) {
      this.#dirty.add(key);
      return true;
    }
    if (this.#ready.has(key)) return true;
    if (this.#isFull()) return false;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#ready.add(key);
    } else {
      this.#processing.add(key);
      waiter(key);
    }
    return true;
  }

  /**
   * Adds the key after `delayMs`. Of several delays the earliest counts: every pass says anew when
   * its key wants to be worked on again. Returns false when the queue is full or closed.
   */
  addAfter(key: string, delayMs: number): boolean {
    if (delayMs <= 0) return this.add(key);
    if (this.#isClosed) return false;
    const boundedMs = Math.min(delayMs, delayMsMax);
    const dueMs = this.#clock.monotonicMs() + boundedMs;
    const pending = this.#delayed.get(key);
    if (pending === undefined && this.#isFull()) return false;
    if (pending !== undefined && pending.dueMs <= dueMs) return true;
    pending?.cancel();
    const cancel = this.#clock.after(boundedMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, cancel });
    return true;
  }

  /** The next key, as soon as there is one; undefined when the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    for (const key of this.#ready) {
      this.#ready.delete(key);
      this.#processing.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Gives a key back that {@link take} handed out. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  /** Forgets all that waits; every `take` from now on, and those under way, return undefined. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#ready.clear();
    this.#dirty.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #isFull(): boolean {
    return this.#ready.size + this.#processing.size + this.#delayed.size >= this.#keysMax;
  }
}
