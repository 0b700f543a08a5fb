// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Keys that may wait or be worked on at a time. Default: 100 000. */
  readonly keysMax?: number;
  /** The lane of a key that is added without one, or whose delay is over. Default: prompt. */
  readonly laneOf?: (key: string) => Lane;
}

/** Who is served in turns: those that are waited for, and those that can do with waiting. */
export type Lane = "prompt" | "patient";

interface Delayed {
  readonly dueMs: number;
  readonly cancel: () => void;
}

const keysMaxDefault = 100_000;
/** A longer delay ends early, which costs one pass that finds nothing to do. */
const delayMsMax = 24 * 60 * 60 * 1000;

/**
 * Keys to be worked on. A key waits once however often it is added, is worked on by one worker at a
 * time, and when added meanwhile is worked on again afterwards. Two lanes take turns, and in each who
 * comes first is served first: however many keys are patient, a prompt one waits for as many of them as
 * there are prompt ones before it.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #keysMax: number;
  readonly #laneOf: (key: string) => Lane;
  /** Insertion order is the order of service. A key is in one lane at most. */
  readonly #ready: Readonly<Record<Lane, Set<string>>> = { prompt: new Set(), patient: new Set() };
  #turn: Lane = "prompt";
  readonly #processing = new Set<string>();
  /** Added while being worked on. */
  readonly #dirty = new Map<string, Lane>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  #isClosed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#keysMax = options.keysMax ?? keysMaxDefault;
    this.#laneOf = options.laneOf ?? (() => "prompt");
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#readyCount + this.#dirty.size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get #readyCount(): number {
    return this.#ready.prompt.size + this.#ready.patient.size;
  }

  /** Returns false, and forgets the key, when the queue is full or closed. */
  add(key: string, lane: Lane = this.#laneOf(key)): boolean {
    if (this.#isClosed) return false;
    if (this.#processing.has(key)) {
      if (this.#dirty.get(key) !== "prompt") this.#dirty.set(key, lane);
      return true;
    }
    const { prompt, patient } = this.#ready;
    if (prompt.has(key)) return true;
    if (lane === "prompt" && patient.delete(key)) prompt.add(key);
    if (prompt.has(key) || patient.has(key)) return true;
    if (this.#isFull()) return false;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#ready[lane].add(key);
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
    const key = this.#next();
    if (key !== undefined) {
      this.#processing.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Takes the first of the lane whose turn it is, or of the other one when nobody waits there. */
  #next(): string | undefined {
    const other = this.#turn === "prompt" ? "patient" : "prompt";
    const lane = this.#ready[this.#turn].size > 0 ? this.#turn : other;
    for (const key of this.#ready[lane]) {
      this.#ready[lane].delete(key);
      this.#turn = lane === "prompt" ? "patient" : "prompt";
      return key;
    }
    return undefined;
  }

  /** Gives a key back that {@link take} handed out. */
  done(key: string): void {
    this.#processing.delete(key);
    const lane = this.#dirty.get(key);
    this.#dirty.delete(key);
    if (lane !== undefined) this.add(key, lane);
  }

  /** Forgets all that waits; every `take` from now on, and those under way, return undefined. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#ready.prompt.clear();
    this.#ready.patient.clear();
    this.#dirty.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #isFull(): boolean {
    return this.#readyCount + this.#processing.size + this.#delayed.size >= this.#keysMax;
  }
}
