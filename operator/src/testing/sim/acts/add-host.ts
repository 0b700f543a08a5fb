// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

const nodesMax = 6;

export const addHost = defineAct({
  name: "add-host",
  says: "an administrator adds a node",
  weight: 0.5,
  strike(world) {
    if (world.nodes.length < nodesMax) world.addNode();
  },
});
