// SPDX-License-Identifier: Apache-2.0
import { fitTopology } from "../../guest/numa/fit.ts";
import { defineFilter } from "../filter.ts";
import type { HostState } from "../host-state.ts";

export const numaTopology = defineFilter({
  name: "numa-topology",
  source: "NUMATopologyFilter",
  about: "The host's NUMA cells can hold the guest's.",
  differs: "nothing is placed on NUMA cells yet: what asks for them is refused before.",
  asks: ({ topology }) => topology,
  testFor: (topology) => (host) => {
    const limits = {
      cpuAllocationRatio: ratioOf(host, "VCPU"),
      memoryAllocationRatio: ratioOf(host, "MEMORY_MB"),
    };
    const placed = fitTopology(topology, host.cells ?? [], limits);
    return placed !== undefined || "has no NUMA cells that fit";
  },
});

function ratioOf({ inventory }: HostState, resourceClass: string): number {
  return inventory?.[resourceClass]?.allocationRatio ?? 1;
}
