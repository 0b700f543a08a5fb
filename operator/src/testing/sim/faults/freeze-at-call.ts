// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";
import { ambush, shells } from "./ambush.ts";

export const freezeAtCall = defineFault({
  name: "freeze-at-call",
  says: "an agent or operator stands still around an effect, and goes on later as if nothing was",
  weight: 2,
  strike(world, chance) {
    const of = chance.pick(shells(world));
    const ms = chance.whole(1000, 60_000);
    if (of !== undefined) ambush(world, chance, { of, strike: (process) => process.freeze(ms) });
  },
});
