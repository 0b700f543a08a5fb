// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const containerTrouble = defineFault({
  name: "container-trouble",
  says: "a node cannot start containers for a while",
  weight: 1,
  strike({ nodes, later }, chance) {
    const node = chance.pick(nodes);
    if (node === undefined) return;
    node.containerTrouble = chance.pick(["ErrImagePull", "CreateContainerError"]);
    later(chance.whole(3000, 60_000), () => {
      node.containerTrouble = undefined;
    });
  },
});
