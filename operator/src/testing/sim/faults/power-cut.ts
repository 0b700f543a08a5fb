// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const powerCut = defineFault({
  name: "power-cut",
  says: "a node loses power, and boots again later",
  weight: 3,
  strike({ nodes, later }, chance) {
    const node = chance.pick(nodes);
    node?.cutPower();
    later(chance.whole(3000, 90_000), () => node?.powerOn());
  },
});
