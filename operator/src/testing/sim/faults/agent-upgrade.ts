// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const agentUpgrade = defineFault({
  name: "agent-upgrade",
  says: "agents are replaced by a release that knows more, or less, one node after the other",
  weight: 2,
  strike({ nodes, later, trace }, chance) {
    const isLater = chance.isLucky(0.6);
    let afterMs = 0;
    for (const node of nodes) {
      afterMs += chance.whole(500, 30_000);
      later(afterMs, () => {
        trace.add(
          "story",
          `${node.agent.name} is replaced by a ${isLater ? "later" : "known"} release`,
        );
        node.isLater = isLater;
        node.agent.retire();
        later(chance.whole(500, 10_000), () => node.agent.start());
      });
    }
  },
});
