// SPDX-License-Identifier: Apache-2.0
import { defineInvariant } from "./invariant.ts";

/** Protocol P2: what hosts accepted, counted against what they are. */
export const capacityKept = defineInvariant({
  name: "capacity-kept",
  says: "what executes on a node fits into it",
  watch: ({ nodes }) => ({
    afterStep: () => {
      for (const node of nodes) {
        let memoryMib = 0;
        let vcpus = 0;
        for (const { guest } of node.guests()) {
          memoryMib += numberIn(guest.xml, /<memory unit=['"]MiB['"]>(\d+)/);
          vcpus += numberIn(guest.xml, /<vcpu[^>]*>(\d+)/);
        }
        if (memoryMib > node.memoryMib) return `${node.name}: ${memoryMib} MiB of guests`;
        if (vcpus > node.cpus * 4) return `${node.name}: ${vcpus} vCPUs of guests`;
      }
      return undefined;
    },
  }),
});

function numberIn(xml: string, pattern: RegExp): number {
  const found = pattern.exec(xml)?.[1];
  if (found === undefined) throw new Error(`a domain without ${pattern.source}`);
  return Number(found);
}
