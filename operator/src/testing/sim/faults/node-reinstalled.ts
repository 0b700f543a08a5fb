// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineFault } from "../happening.ts";

export const nodeReinstalled = defineFault({
  name: "node-reinstalled",
  says: "a node comes back with an empty disk and a new identity",
  weight: 1,
  async strike({ nodes, people, later }, chance) {
    const node = chance.pick(nodes);
    if (node === undefined) return;
    node.cutPower();
    node.reinstall();
    await people.remove(resources.nodes, node.name);
    later(chance.whole(5000, 60_000), () => node.powerOn());
  },
});
