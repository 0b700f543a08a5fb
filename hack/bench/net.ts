// SPDX-License-Identifier: Apache-2.0
/** What the network gives to guests, against pods in the same run: by NAT and by bridge, and by passt to compare. */
import { acrossNodes } from "./net/across-nodes.ts";
import { oneHost } from "./net/one-host.ts";
import type { Report } from "./report.ts";
import { openBenchWorld } from "./world.ts";

export async function net(): Promise<Report> {
  const world = await openBenchWorld("bench-net");
  try {
    const parts = [await acrossNodes(world), await oneHost(1), await oneHost(2)];
    return {
      about:
        "The same program at both ends, 3 s for each figure: TCP, an echo of one byte over TCP, UDP of 64 bytes that arrived. Several queues have as many connections and vCPUs. Floors: pod to pod across nodes; a pod's network namespace to its node. passt runs outside of any pod, with one queue. The guests run under TCG: their processors are the limit, not the network.",
      figures: Object.assign({}, ...parts.map(({ figures }) => figures)) as Report["figures"],
      ratios: Object.assign({}, ...parts.map(({ ratios }) => ratios)) as Report["ratios"],
    };
  } finally {
    await world.close();
    await world.tenant.kubectl("delete", "flavor", "bench.queues", "--ignore-not-found");
  }
}
