// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineFault } from "../happening.ts";

export const nodeObjectDeleted = defineFault({
  name: "node-object-deleted",
  says: "a Node object is deleted under its node, which registers anew when its kubelet starts again",
  weight: 1,
  async strike({ nodes, people, later }, chance) {
    const node = chance.pick(nodes);
    if (node === undefined) return;
    await people.remove(resources.nodes, node.name);
    later(chance.whole(2000, 90_000), () => node.kubelet.kill());
  },
});
