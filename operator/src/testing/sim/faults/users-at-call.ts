// SPDX-License-Identifier: Apache-2.0
import { acts } from "../acts/index.ts";
import { defineFault } from "../happening.ts";
import { ambush, shells } from "./ambush.ts";

export const usersAtCall = defineFault({
  name: "users-at-call",
  says: "people act around an effect of an agent or operator",
  weight: 6,
  strike(world, chance) {
    const of = chance.pick(shells(world));
    const act = chance.weighted(acts);
    if (of === undefined) return;
    const strike = (): void => {
      world.trace.add("story", `${act.name}: ${act.says}`);
      void act.strike(world, chance);
    };
    ambush(world, chance, { of, strike });
  },
});
