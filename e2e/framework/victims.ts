// SPDX-License-Identifier: Apache-2.0
/** The parts that a test kills, found as processes. */
import { readFileSync } from "node:fs";
import { type Process, findProcesses, killNow, pidNamespace } from "./processes.ts";
import type { World } from "./world.ts";

const runs =
  (script: string) =>
  (command: readonly string[]): boolean =>
    command.some((word) => word.endsWith(script));

export function operators(): Process[] {
  return findProcesses(runs("bin/operator.ts"));
}

export function agentsOn(node: string | undefined): Process[] {
  return findProcesses(runs("bin/agent.ts")).filter((found) => found.node === node);
}

/** The libvirtd that shares a pod with this QEMU. */
export function libvirtdBeside(qemu: Process): Process[] {
  return libvirtdsOn(qemu.node).filter(({ pid }) => pidNamespace(pid) === pidNamespace(qemu.pid));
}

/** Every libvirtd of a node: those of server pods and the helper's. */
export function libvirtdsOn(node: string | undefined): Process[] {
  return findProcesses((command) => (command[0] ?? "").endsWith("libvirtd")).filter(
    (found) => found.node === node,
  );
}

/** The operator process that leads, by the holder of its Lease (the pod's name begins the identity). */
export async function killLeader(world: World): Promise<void> {
  const { stdout } = await world.cluster.kubectl([
    ...["get", "lease", "-n", "kilonova-system", "kilonova-operator"],
    ...["-o", "jsonpath={.spec.holderIdentity}"],
  ]);
  const pod = stdout.split("_")[0] ?? stdout;
  const { stdout: uid } = await world.cluster.kubectl([
    ...["get", "pod", "-n", "kilonova-system", pod, "-o", "jsonpath={.metadata.uid}"],
  ]);
  const leader = operators().find(({ pid }) => cgroupOf(pid).includes(uid));
  if (leader === undefined) throw new Error(`no process of the leader ${stdout}`);
  killNow(leader);
}

function cgroupOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cgroup`, "utf8");
}
