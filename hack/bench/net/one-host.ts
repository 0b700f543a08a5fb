// SPDX-License-Identifier: Apache-2.0
/**
 * A guest in its pod and the node beside it, without a cluster: NAT and bridge in the same run, with one
 * pair of queues and with two.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { buildDomain } from "../../../operator/src/core/guest/build.ts";
import { domainXml } from "../../../operator/src/core/guest/xml.ts";
import { aGuest } from "../../../operator/src/testing/builders.ts";
import { PodNetworkWorld } from "../../../operator/src/testing/pod-network-world.ts";
import {
  type End,
  figuresOf,
  measure,
  type Measured,
  ratiosOf,
  serveArguments,
  withQueues,
  wireProgram,
} from "./wire.ts";

const mtu = 1450;
const vcpus = 2;
/** As `PodNetworkWorld` wires them. */
const addresses = {
  pod: "10.9.0.2",
  node: "10.9.0.1",
  bridged: "10.8.0.7",
  nodeOnWire: "10.8.0.1",
};
const attachment = {
  name: "back",
  mac: "52:54:00:00:00:02",
  networkAttachment: { name: "storage" },
};

export type Figures = Readonly<Record<string, number>>;

/** Of a guest of two vCPUs whose cards have as many pairs of queues as this. */
export async function oneHost(queues: 1 | 2): Promise<{ figures: Figures; ratios: Figures }> {
  const world = await PodNetworkWorld.start(mtu);
  let server: ChildProcess | undefined;
  try {
    const program = await wireProgram();
    server = world.startOnNode(program, ...serveArguments);
    const node: End = { run: (...args) => world.onNode(program, ...args) };
    const floor = await floorOf(world, program);
    const guest = await bootGuest(world, program, queues);
    const ways = {
      "node to guest by NAT": { from: node, to: addresses.pod },
      "node to guest by bridge": { from: node, to: addresses.bridged },
      "guest to node by NAT": { from: guest, to: addresses.node },
      "guest to node by bridge": { from: guest, to: addresses.nodeOnWire },
    };
    const measured: [string, Measured][] = [];
    for (const [name, way] of Object.entries(ways)) {
      measured.push([withQueues(name, queues), await measure(way, queues)]);
    }
    return {
      figures: Object.assign(
        figuresOf("pod to node", floor),
        ...measured.map(([name, one]) => figuresOf(name, one)),
      ) as Figures,
      ratios: Object.assign(
        {},
        ...measured.map(([name, one]) => ratiosOf(name, one, floor)),
      ) as Figures,
    };
  } finally {
    server?.kill();
    await world.close();
  }
}

/** The pod's network namespace without a guest. */
function floorOf(world: PodNetworkWorld, program: string): Promise<Measured> {
  const pod: End = { run: (...args) => world.inPod(program, ...args) };
  return measure({ from: pod, to: addresses.node }, 1);
}

async function bootGuest(world: PodNetworkWorld, program: string, queues: 1 | 2): Promise<End> {
  const { spec } = aGuest();
  const networks = [...spec.domain.networks, attachment];
  const several = queues === 1 ? {} : { networkQueues: queues };
  const domain = { ...spec.domain, networks, vcpus, memoryMib: 192, ...several };
  await world.connect({ networks, hostname: domain.hostname, queues });
  await world.pod.boot("bios", domainXml(buildDomain(aGuest({ spec: { domain } }), "qemu")));
  await world.inGuest("udhcpc -i eth1 -n -q -t 5 -s /etc/udhcpc.sh");
  const files = world.startOnNode(process.execPath, "-e", fileServer, program);
  if (files.stdout !== null) await once(files.stdout, "data");
  await world.inGuest(`wget -qO /run/wire http://${addresses.node}:8000/ && chmod 755 /run/wire`);
  files.kill();
  await world.inGuest(`/run/wire ${serveArguments.join(" ")} > /dev/null 2>&1 &`);
  return { run: (...args) => world.inGuest(`/run/wire ${args.join(" ")}`) };
}

/** Gives the file that is its argument to whoever asks. */
const fileServer = `
require("node:http")
  .createServer((request, response) => response.end(require("node:fs").readFileSync(process.argv[1])))
  .listen(8000, "${addresses.node}", () => console.log("ready"));
`;
