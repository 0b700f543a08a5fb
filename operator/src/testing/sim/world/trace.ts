// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";

/** One thing that happened, and who did or saw it. */
export interface TraceLine {
  readonly atMs: number;
  readonly actor: string;
  readonly what: string;
}

/** Everything that happens in a world, in order. The same seed gives the same lines, byte for byte. */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #now: () => number;
  readonly #linesMax: number;
  #lines: TraceLine[] = [];
  /** Lines so far, kept or not. */
  count = 0;

  /** @param linesMax how many of the last lines are kept. */
  constructor(now: () => number, linesMax: number) {
    this.#now = now;
    this.#linesMax = linesMax;
  }

  add(actor: string, what: string): void {
    const atMs = this.#now();
    this.count += 1;
    this.#hash.update(`${atMs} ${actor} ${what}\n`);
    if (this.#linesMax === 0) return;
    this.#lines.push({ atMs, actor, what });
    if (this.#lines.length > 2 * this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax);
  }

  get lines(): readonly TraceLine[] {
    return this.#lines.slice(-this.#linesMax);
  }

  /** Of all lines; call once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}

export function formatLine({ atMs, actor, what }: TraceLine): string {
  return `${(atMs / 1000).toFixed(3).padStart(10)} s  ${actor.padEnd(16)} ${what}`;
}
