// SPDX-License-Identifier: Apache-2.0
/** What a server costs beside its QEMU, and what operator and agent cost, in MiB. */
import { readFileSync } from "node:fs";
import { type Process, findProcesses, pidNamespace } from "../../e2e/framework/processes.ts";
import { agentsOn, operators } from "../../e2e/framework/victims.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openBenchWorld } from "./world.ts";
import { percentile, type Report } from "./report.ts";

const serverCount = 10;

export async function memory(): Promise<Report> {
  const world = await openBenchWorld("bench-memory");
  const node = "node-1";
  try {
    // Ten servers on one node: the others take none meanwhile.
    await gather(world.cluster, node, true);
    const names = Array.from({ length: serverCount }, (_, index) => `server-${index}`);
    for (const name of names) await world.createServer(name);
    for (const name of names) await world.untilActive(name);
    const pods = qemusOn(node).map((qemu) => beside(qemu));
    return {
      about: `PSS of all processes of a server pod but QEMU, ${serverCount} idle servers on one node; RSS of our processes meanwhile.`,
      figures: {
        "servers measured": pods.length,
        "beside QEMU, PSS p50 MiB": percentile(pods.map(sum), 0.5),
        "beside QEMU, PSS max MiB": Math.max(...pods.map(sum)),
        ...perProgram(pods),
        "operator leader or follower, RSS max MiB": Math.max(...operators().map(rssMib)),
        [`agent of ${node}, RSS max MiB`]: Math.max(...agentsOn(node).map(rssMib)),
      },
      ratios: {},
    };
  } finally {
    await gather(world.cluster, node, false);
    await world.close();
  }
}

/** Lets one hypervisor take all servers, however few CPUs it has, and the others none; or ends that. */
async function gather(cluster: Cluster, only: string, isOn: boolean): Promise<void> {
  for (const { name } of (await cluster.status()).nodes) {
    const spec =
      name === only
        ? { allocationRatios: isOn ? { VCPU: serverCount } : null }
        : { isDisabled: isOn };
    const patch = JSON.stringify({ spec });
    await cluster.kubectl(["patch", "hypervisor", name, "--type=merge", "-p", patch]);
  }
}

type PssByProgram = Readonly<Record<string, number>>;

function qemusOn(node: string): Process[] {
  return findProcesses((command) => (command[0] ?? "").includes("qemu-system")).filter(
    (found) => found.node === node,
  );
}

/** PSS by program of everything in this QEMU's pod but QEMU itself. */
function beside(qemu: Process): PssByProgram {
  const pod = pidNamespace(qemu.pid);
  const found: Record<string, number> = {};
  for (const { pid } of findProcesses(() => true)) {
    if (pid === qemu.pid || pidNamespace(pid) !== pod) continue;
    const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    found[name] = (found[name] ?? 0) + kib(`/proc/${pid}/smaps_rollup`, "Pss") / 1024;
  }
  return found;
}

function perProgram(pods: readonly PssByProgram[]): Record<string, number> {
  const names = new Set(pods.flatMap((pod) => Object.keys(pod)));
  return Object.fromEntries(
    [...names].map((name) => [
      `of it ${name}, PSS p50 MiB`,
      percentile(
        pods.map((pod) => pod[name] ?? 0),
        0.5,
      ),
    ]),
  );
}

const sum = (pod: PssByProgram): number => Object.values(pod).reduce((a, b) => a + b, 0);
const rssMib = ({ pid }: Process): number => kib(`/proc/${pid}/status`, "VmRSS") / 1024;

function kib(path: string, key: string): number {
  const value = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(readFileSync(path, "utf8"))?.[1];
  return Number(value ?? 0);
}
