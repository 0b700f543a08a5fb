// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const helperDown = defineFault({
  name: "helper-down",
  says: "the agent's helper container is down for a while",
  weight: 1,
  strike({ nodes, later }, chance) {
    const helper = chance.pick(nodes)?.helper;
    if (helper === undefined) return;
    helper.isUp = false;
    later(chance.whole(1000, 60_000), () => {
      helper.isUp = true;
    });
  },
});
