// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const rulesLost = defineFault({
  name: "rules-lost",
  says: "somebody empties the rules of server pods' networks on a node, whose agent may be down just then",
  weight: 1,
  strike({ nodes }, chance) {
    const node = chance.pick(nodes);
    if (node === undefined) return;
    for (const { network } of node.containers.values()) network.namespace.loseRules();
    if (chance.isLucky(0.5)) node.agent.kill();
  },
});
