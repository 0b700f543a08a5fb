// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineFault } from "../happening.ts";

export const hostVanished = defineFault({
  name: "host-vanished",
  says: "a node is off, and a cluster autoscaler deletes its Node; it comes back with its disk",
  weight: 1,
  async strike({ nodes, people, later }, chance) {
    const node = chance.pick(nodes);
    if (node === undefined) return;
    node.cutPower();
    await people.remove(resources.nodes, node.name);
    later(chance.whole(5000, 150_000), () => node.powerOn());
  },
});
