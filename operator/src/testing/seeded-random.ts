// SPDX-License-Identifier: Apache-2.0
import type { Random } from "../ports/random.ts";

/** Chance that is the same for the same seed: every failure can be run again. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The generator mulberry32: 32 bits of state, good enough for jitter and shuffles. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  uuid(): string {
    const digits = Array.from({ length: 32 }, () => this.#digit(16));
    digits[12] = "4";
    digits[16] = (8 + Math.floor(this.fraction() * 4)).toString(16);
    const hex = digits.join("");
    const parts = [
      [0, 8],
      [8, 12],
      [12, 16],
      [16, 20],
      [20, 32],
    ] as const;
    return parts.map(([start, end]) => hex.slice(start, end)).join("-");
  }

  #digit(base: number): string {
    return Math.floor(this.fraction() * base).toString(base);
  }
}
