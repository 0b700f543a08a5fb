// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const diskFull = defineFault({
  name: "disk-full",
  says: "a node's disk is full for a while: nothing is written, and guests that write stand still",
  weight: 2,
  strike({ nodes, later }, chance) {
    const node = chance.pick(nodes);
    if (node === undefined) return;
    const { disk } = node;
    disk.isFull = true;
    for (const { guest } of node.guests()) {
      if (guest.status.state === "running" && chance.isLucky(0.3)) guest.failDisk();
    }
    later(chance.whole(3000, 60_000), () => {
      disk.isFull = false;
    });
  },
});
