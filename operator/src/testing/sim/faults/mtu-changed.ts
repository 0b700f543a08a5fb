// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const mtuChanged = defineFault({
  name: "mtu-changed",
  says: "the cluster's network has another MTU from now on, on all nodes or on one, under whatever runs",
  weight: 1,
  strike({ nodes }, chance) {
    const mtu = chance.pick([1400, 1450, 8950]) ?? 1450;
    const node = chance.pick(nodes);
    const isEverywhere = chance.isLucky(0.7);
    for (const one of nodes) if (isEverywhere || one === node) one.setMtu(mtu);
  },
});
