// SPDX-License-Identifier: Apache-2.0
/**
 * The truth about what runs: the nodes of the local cluster are namespaces of this machine, so its /proc
 * shows every QEMU of every node, whatever any API says.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Process {
  readonly pid: number;
  /** Tells a process from a later one of the same number. */
  readonly startTicks: string;
  readonly command: readonly string[];
  /** The node whose control group it is in; absent for the host's own. */
  readonly node: string | undefined;
}

function inspect(pid: number): Process | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const node = /\/(node-\d+)(?:\/|$)/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
    return { pid, startTicks: fields[19] ?? "", command, node };
  } catch {
    return undefined; // It ended while we looked.
  }
}

/** Every process whose command line satisfies the predicate. */
export function findProcesses(matches: (command: readonly string[]) => boolean): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => inspect(Number(name)))
    .filter((found) => found !== undefined)
    .filter((found) => matches(found.command));
}

/** The QEMU processes of the guest with this uuid, on any node. More than one is the worst bug there is. */
export function qemusOf(uuid: string): Process[] {
  return findProcesses(
    (command) =>
      (command[0] ?? "").includes("qemu-system") && command.some((word) => word.includes(uuid)),
  );
}

/** Whether exactly this process still runs. */
export function isAlive(process: Process): boolean {
  return inspect(process.pid)?.startTicks === process.startTicks;
}

/** Sends SIGKILL to exactly this process; does nothing when it is gone. */
export function killNow(target: Process): void {
  if (isAlive(target)) process.kill(target.pid, "SIGKILL");
}

/** Stops this process where it is: it learns nothing until it is killed. */
export function freeze(target: Process): void {
  if (isAlive(target)) process.kill(target.pid, "SIGSTOP");
}

/** What tells the processes of one pod from those of another; "gone" for one that has ended. */
export function pidNamespace(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "gone";
  }
}
