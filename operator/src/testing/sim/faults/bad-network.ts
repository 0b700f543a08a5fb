// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const badNetwork = defineFault({
  name: "bad-network",
  says: "a node's or an operator's network is slow and loses answers for a while",
  weight: 3,
  strike({ nodes, operators, later }, chance) {
    const link = chance.pick([...nodes, ...operators])?.link;
    if (link === undefined) return;
    link.delayMs = chance.whole(0, 2000);
    link.lossShare = chance.between(0, 0.5);
    later(chance.whole(5000, 60_000), () => {
      link.delayMs = 0;
      link.lossShare = 0;
    });
  },
});
