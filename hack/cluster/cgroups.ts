// SPDX-License-Identifier: Apache-2.0
/**
 * Control groups (version 1). Every process of the cluster lives in a group named for its part, in
 * every hierarchy. So which processes belong to the cluster is asked of the kernel and never of a
 * pid file, and a run that was killed leaves nothing that the next one cannot find.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What Kubernetes needs, and `systemd`: the shim of containerd looks for that named hierarchy. */
export const hierarchies = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "devices",
  "freezer",
  "blkio",
  "pids",
  "systemd",
] as const;

const root = "/sys/fs/cgroup";
const top = "kilonova-cluster";
/** One hierarchy is enough to find processes in; this one has no rules about who may join. */
const lookupHierarchy = "pids";
const deathPollMilliseconds = 20;
const deathSecondsMax = 20;

function directoryOf(hierarchy: string, part = ""): string {
  return join(root, hierarchy, top, part);
}

/** The hierarchies that this machine lacks. */
export function missingHierarchies(): readonly string[] {
  return hierarchies.filter((one) => !existsSync(join(root, one, "cgroup.procs")));
}

/** Makes the group of a part unless it is there. */
export async function createCgroup(part: string): Promise<void> {
  for (const hierarchy of hierarchies) {
    for (const directory of [directoryOf(hierarchy), directoryOf(hierarchy, part)]) {
      await mkdir(directory, { recursive: true });
      if (hierarchy === "cpuset") await inheritCpuset(directory);
    }
  }
}

/** A new cpuset group is empty, and no process may join an empty one. */
async function inheritCpuset(directory: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    await writeFile(join(directory, file), await readFile(join(directory, "..", file)));
  }
}

/** The command line that runs a program inside the group of a part. */
export function inCgroup(part: string, argv: readonly string[]): readonly string[] {
  const script = `for group in ${root}/*/${top}/${part}; do echo 0 >"$group/cgroup.procs"; done; exec "$@"`;
  return ["sh", "-ec", script, "in-cgroup", ...argv];
}

/** The processes of a part, without those in groups below it. Empty when there is no such group. */
export async function processesOf(part: string): Promise<readonly number[]> {
  return processesIn(directoryOf(lookupHierarchy, part));
}

async function processesIn(directory: string): Promise<readonly number[]> {
  const text = await ignoringMissing(() => readFile(join(directory, "cgroup.procs"), "utf8"));
  return (text ?? "").split("\n").filter(Boolean).map(Number);
}

async function groupsBelow(directory: string): Promise<readonly string[]> {
  const children = await ignoringMissing(() => readdir(directory, { withFileTypes: true }));
  const groups: string[] = [];
  for (const child of children ?? []) {
    if (!child.isDirectory()) continue;
    const group = join(directory, child.name);
    groups.push(...(await groupsBelow(group)), group);
  }
  return groups;
}

/** Kills every process of a part and of the groups below it, and returns when they are gone. */
export async function killCgroup(part: string): Promise<void> {
  const directory = directoryOf(lookupHierarchy, part);
  const deadline = performance.now() + deathSecondsMax * 1000;
  for (;;) {
    const alive: number[] = [];
    for (const group of [...(await groupsBelow(directory)), directory]) {
      alive.push(...(await processesIn(group)));
    }
    if (alive.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`${part}: processes ${alive.join(", ")} do not die`);
    }
    for (const pid of alive) kill(pid);
    await sleep(deathPollMilliseconds);
  }
}

/** Sends SIGKILL; a process that has gone already is as good as killed. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isErrorCode(error, "ESRCH")) throw error;
  }
}

/** Kills what is in the group of a part, or of the whole cluster, and removes the group. */
export async function removeCgroup(part = ""): Promise<void> {
  await killCgroup(part);
  for (const hierarchy of hierarchies) {
    const directory = directoryOf(hierarchy, part);
    for (const group of [...(await groupsBelow(directory)), directory]) await removeGroup(group);
  }
}

/** The kernel still counts a process that has just died, so the first attempts may be refused. */
async function removeGroup(directory: string): Promise<void> {
  const deadline = performance.now() + deathSecondsMax * 1000;
  for (;;) {
    try {
      await ignoringMissing(() => rmdir(directory));
      return;
    } catch (error) {
      if (!isErrorCode(error, "EBUSY") || performance.now() > deadline) throw error;
      await sleep(deathPollMilliseconds);
    }
  }
}

async function ignoringMissing<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    // ENODEV: the group was removed while it was being read.
    if (isErrorCode(error, "ENOENT") || isErrorCode(error, "ENODEV")) return undefined;
    throw error;
  }
}

function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
