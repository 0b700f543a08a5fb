// SPDX-License-Identifier: Apache-2.0
/**
 * A guest in its pod and the node beside it, without a cluster: NAT, bridge and passt in the same run,
 * with one pair of queues and with two. passt has one always, and runs where no pod would let it.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { findProcesses, pidNamespace } from "../../../e2e/framework/processes.ts";
import { buildDomain } from "../../../operator/src/core/guest/build.ts";
import { domainXml } from "../../../operator/src/core/guest/xml.ts";
import { aGuest } from "../../../operator/src/testing/builders.ts";
import { PodNetworkWorld } from "../../../operator/src/testing/pod-network-world.ts";
import { type Passt, startPasst } from "./passt.ts";
import { Comparison, type End, type Figures, serveArguments, wireProgram } from "./wire.ts";

const ticksPerSecond = 100;
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

/** Of a guest of two vCPUs whose cards have as many pairs of queues as this. */
export async function oneHost(queues: 1 | 2): Promise<Comparison> {
  const world = await PodNetworkWorld.start(mtu);
  const started: ChildProcess[] = [];
  try {
    const program = await wireProgram();
    const passt = await startPasst(world, { mtu, port: serveArguments[1] });
    started.push(passt.process, world.startOnNode(program, ...serveArguments));
    const node: End = { run: (...args) => world.onNode(program, ...args) };
    const pod: End = { run: (...args) => world.inPod(program, ...args) };
    const compared = await Comparison.with("pod to node", { from: pod, to: addresses.node });
    const guest = await bootGuest(world, program, { queues, passt });
    const qemu = await qemuOf(world);
    const cpuSeconds = async (): Promise<Figures> => ({
      QEMU: await cpuSecondsOf(qemu),
      passt: await cpuSecondsOf(passt.process.pid),
    });
    const ways = {
      "node to guest by NAT": { from: node, to: addresses.pod },
      "node to guest by bridge": { from: node, to: addresses.bridged },
      "guest to node by NAT": { from: guest, to: addresses.node },
      "guest to node by bridge": { from: guest, to: addresses.nodeOnWire },
      // Its card has one pair of queues, whatever the others have.
      ...(queues === 1 && {
        "node to guest by passt": { from: node, to: passt.address },
        "guest to node by passt": { from: guest, to: passt.nodeAddress },
      }),
    };
    for (const [name, way] of Object.entries(ways)) {
      await compared.add(name, { ...way, cpuSeconds }, queues);
    }
    return compared;
  } finally {
    for (const process of started) process.kill();
    await world.close();
  }
}

async function qemuOf(world: PodNetworkWorld): Promise<number> {
  const pod = pidNamespace(await world.pod.initPid());
  const qemus = findProcesses(([program = ""]) => program.includes("qemu-system"));
  const found = qemus.find(({ pid }) => pidNamespace(pid) === pod);
  if (found === undefined) throw new Error("the guest has no QEMU");
  return found.pid;
}

/** Of a process with all its threads, by the kernel's ticks. */
async function cpuSecondsOf(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // Behind the name, which may hold blanks; the 14th and 15th fields are user and system time.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

interface GuestOptions {
  readonly queues: 1 | 2;
  readonly passt: Passt;
}

async function bootGuest(
  world: PodNetworkWorld,
  program: string,
  { queues, passt }: GuestOptions,
): Promise<End> {
  const { spec } = aGuest();
  const networks = [...spec.domain.networks, attachment];
  const several = queues === 1 ? {} : { networkQueues: queues };
  const domain = { ...spec.domain, networks, vcpus, memoryMib: 192, ...several };
  await world.connect({ networks, hostname: domain.hostname, queues });
  const xml = domainXml(buildDomain(aGuest({ spec: { domain } }), "qemu"));
  await world.pod.boot("bios", passt.addCard(xml));
  await world.inGuest("udhcpc -i eth1 -n -q -t 5 -s /etc/udhcpc.sh");
  // Not by DHCP: passt would be the guest's way to everywhere.
  await world.inGuest(`ifconfig eth2 ${passt.address} netmask 255.255.255.0 mtu ${passt.mtu} up`);
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
