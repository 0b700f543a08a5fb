// SPDX-License-Identifier: Apache-2.0
import type { Chance } from "./world/streams.ts";
import type { World } from "./world/world.ts";

/** Something that a story can make happen in a world: what people and guests do, or what goes wrong. */
export interface Happening {
  readonly name: string;
  /** What happens, for the reader of a trace. */
  readonly says: string;
  /** How often, compared with the others of its registry. */
  readonly weight: number;
  /** Chooses by `chance` alone whom it hits; does nothing when there is nobody. Ends by itself. */
  strike(world: World, chance: Chance): void | Promise<void>;
}

/** Declares something that goes wrong. One file and one line in `faults/index.ts`. */
export function defineFault(fault: Happening): Happening {
  return fault;
}

/** Declares something that people or guests do. One file and one line in `acts/index.ts`. */
export function defineAct(act: Happening): Happening {
  return act;
}
