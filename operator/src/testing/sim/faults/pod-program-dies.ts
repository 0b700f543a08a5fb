// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const podProgramDies = defineFault({
  name: "pod-program-dies",
  says: "the DHCP server or the readiness program of a server's pod dies, and init starts it again",
  weight: 2,
  strike({ nodes }, chance) {
    const containers = nodes.flatMap((node) => [...node.containers.values()]);
    const network = chance.pick(containers)?.network;
    if (chance.isLucky(0.5)) network?.killDhcp();
    else network?.killReadiness();
  },
});
