// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";
import { ambush, shells } from "./ambush.ts";

export const crashAtCall = defineFault({
  name: "crash-at-call",
  says: "an agent or operator is killed around an effect",
  weight: 6,
  strike(world, chance) {
    const of = chance.pick(shells(world));
    if (of !== undefined) ambush(world, chance, { of, strike: (process) => process.kill() });
  },
});
