// SPDX-License-Identifier: Apache-2.0
import { SeededRandom } from "../../seeded-random.ts";

/**
 * A stream of chance for each part of a world, all from one seed. What one part draws does not shift
 * what another will: a fault can be left out, and the rest of the story stays comparable.
 */
export class Streams {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  of(name: string): Chance {
    let hash = (this.#seed ^ 0x811c9dc5) >>> 0;
    for (const character of name) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    }
    return new Chance(hash);
  }
}

/** Seeded chance with the few draws that a simulation needs. */
export class Chance extends SeededRandom {
  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + this.fraction() * (max - min);
  }

  /** A whole number in [min, max]. */
  whole(min: number, max: number): number {
    return Math.floor(this.between(min, max + 1));
  }

  isLucky(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of the items; undefined when there are none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.fraction() * items.length)];
  }

  /** One of the names, each as likely as its weight says. */
  weighted<T extends { readonly weight: number }>(items: readonly T[]): T {
    let left = this.fraction() * items.reduce((sum, { weight }) => sum + weight, 0);
    for (const item of items) {
      left -= item.weight;
      if (left < 0) return item;
    }
    throw new Error("nothing to choose from");
  }
}
