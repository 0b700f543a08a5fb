// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const mtuChanged = defineFault({
  name: "mtu-changed",
  says: "the cluster's network has another MTU on a node from now on, under whatever runs there",
  weight: 1,
  strike({ nodes }, chance) {
    chance.pick(nodes)?.setMtu(chance.pick([1400, 1450, 8950]) ?? 1450);
  },
});
