// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineFault } from "../happening.ts";

export const hostShrunk = defineFault({
  name: "host-shrunk",
  says: "an administrator takes a part of a host away, under whatever runs there, for a while",
  weight: 3,
  async strike({ nodes, people, later }, chance) {
    const node = chance.pick(nodes);
    if (node === undefined) return;
    const ways = [
      { reserved: { MEMORY_MB: chance.whole(1000, node.memoryMib) } },
      { reserved: { DISK_GB: chance.whole(60, 100) } },
      { allocationRatios: { VCPU: 0.5 } },
    ];
    await people.change(resources.hypervisors, node.name, { spec: chance.pick(ways) ?? {} });
    later(chance.whole(5000, 150_000), () => {
      const whole = { spec: { reserved: null, allocationRatios: null } };
      void people.change(resources.hypervisors, node.name, whole);
    });
  },
});
