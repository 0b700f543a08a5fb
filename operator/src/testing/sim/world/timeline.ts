// SPDX-License-Identifier: Apache-2.0

interface Timer {
  readonly dueMs: number;
  /** Timers that are due together fire in the order in which they were set. */
  readonly order: number;
  readonly fire: () => void;
  isCancelled: boolean;
}

/**
 * The time of a simulated world: a heap of timers. Nothing in the world waits for anything else, so
 * that the order in which they fire is the order of everything.
 */
export class Timeline {
  #nowMs = 0;
  #orders = 0;
  readonly #heap: Timer[] = [];
  /** Timers that fired. */
  steps = 0;

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `fire` once after `ms`; the returned function cancels it. */
  after(ms: number, fire: () => void): () => void {
    const timer = {
      dueMs: this.#nowMs + Math.max(0, ms),
      order: this.#orders,
      fire,
      isCancelled: false,
    };
    this.#orders += 1;
    this.#push(timer);
    return () => {
      timer.isCancelled = true;
    };
  }

  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /**
   * Lets time pass until `untilMs`, timer by timer: all that follows from one happens before the next.
   * Ends early when `afterStep` says true.
   */
  async run(untilMs: number, afterStep: () => boolean): Promise<void> {
    await settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.steps += 1;
      next.fire();
      await settle();
      if (afterStep()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #next(untilMs: number): Timer | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (!first.isCancelled && first.dueMs > untilMs) return undefined;
      this.#pop();
      if (!first.isCancelled) return first;
    }
    return undefined;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Timer;
      if (!isBefore(timer, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const childIndex = this.#lesserChild(index);
      const child = heap[childIndex];
      if (child === undefined || !isBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }

  #lesserChild(index: number): number {
    const left = 2 * index + 1;
    const [one, other] = [this.#heap[left], this.#heap[left + 1]];
    return one !== undefined && other !== undefined && isBefore(other, one) ? left + 1 : left;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.dueMs === other.dueMs ? one.order < other.order : one.dueMs < other.dueMs;
}

/** Lets everything happen that waits for promises only, not for time. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
