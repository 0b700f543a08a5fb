// SPDX-License-Identifier: Apache-2.0
import type { World } from "../world/world.ts";

/** One invariant at work in one world. Each says what is wrong, or undefined. */
export interface Check {
  /** Safety: asked after every step. */
  readonly afterStep?: () => string | undefined;
  /** Liveness: asked again and again when all faults are over; what is still missing. */
  readonly missing?: () => Promise<string | undefined>;
  /** Told when nothing is missing, and a while begins in which nothing shall happen. */
  readonly beforeIdle?: () => void;
  /** Asked once, when nothing was missing for a while. */
  readonly atEnd?: () => string | undefined;
}

/** What must hold in every world. It looks at what is so, not at what the product says of it. */
export interface Invariant {
  readonly name: string;
  readonly says: string;
  watch(world: World): Check;
}

/** Declares an invariant. One file and one line in `invariants/index.ts`. */
export function defineInvariant(invariant: Invariant): Invariant {
  return invariant;
}

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  readonly message: string;
}
