// SPDX-License-Identifier: Apache-2.0
import { readFile, readdir, statfs } from "node:fs/promises";
import { machine } from "node:os";
import { join } from "node:path";
import type { CpuFacts, NodeFacts } from "../../core/hypervisor/facts.ts";
import { PortError } from "../../ports/errors.ts";
import type { NodeFactsReader } from "../../ports/node-facts.ts";

const numaCellsMax = 64;

/** Reads /proc and /sys below `root`, which is another directory than `/` in tests only. */
export function createNodeFactsReader(root = "/"): NodeFactsReader {
  const read = async (path: string): Promise<string> =>
    (await readFile(join(root, path), "utf8")).trim();
  return {
    read: async (guestsDirectory) => {
      try {
        return await readFacts(read, root, guestsDirectory);
      } catch (cause) {
        throw new PortError("FactsUnreadable", (cause as Error).message, { cause });
      }
    },
  };
}

type Read = (path: string) => Promise<string>;

async function readFacts(read: Read, root: string, guestsDirectory: string): Promise<NodeFacts> {
  const memoryMib = mibOf(await read("proc/meminfo"));
  const disk = await statfs(guestsDirectory);
  return {
    bootId: await read("proc/sys/kernel/random/boot_id"),
    kernel: await read("proc/sys/kernel/osrelease"),
    cpu: await readCpu(read),
    numaCells: await readNumaCells(read, root, memoryMib),
    memoryMib,
    diskGib: Math.floor((disk.blocks * disk.bsize) / 2 ** 30),
  };
}

async function readCpu(read: Read): Promise<CpuFacts> {
  const [first = ""] = (await read("proc/cpuinfo")).split("\n\n", 1);
  const valueOf = (key: string): string =>
    new RegExp(`^${key}\\s*: (.*)$`, "m").exec(first)?.[1]?.trim() ?? "";
  // Machines without simultaneous multithreading have no such file.
  const smt = await read("sys/devices/system/cpu/smt/active").catch(() => "0");
  return {
    arch: machine(),
    model: valueOf("model name").slice(0, 128),
    vendor: valueOf("vendor_id").slice(0, 64),
    cpus: countOf(await read("sys/devices/system/cpu/online")),
    flags: valueOf("flags").split(" ").filter(Boolean),
    hasHyperthreading: smt === "1",
  };
}

/** A kernel without NUMA has no such directory: then the whole host is one cell. */
async function readNumaCells(
  read: Read,
  root: string,
  memoryMib: number,
): Promise<NodeFacts["numaCells"]> {
  const names = await readdir(join(root, "sys/devices/system/node")).catch(() => []);
  const ids = names.flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  if (ids.length <= 1) {
    // Not the cell's own figure, which grows while a virtual machine's memory is taken into use.
    return [{ id: ids[0] ?? 0, cpus: await read("sys/devices/system/cpu/online"), memoryMib }];
  }
  const sorted = ids.toSorted((one, other) => one - other).slice(0, numaCellsMax);
  return Promise.all(
    sorted.map(async (id) => ({
      id,
      cpus: await read(`sys/devices/system/node/node${id}/cpulist`),
      memoryMib: mibOf(await read(`sys/devices/system/node/node${id}/meminfo`)),
    })),
  );
}

function mibOf(meminfo: string): number {
  const kib = /MemTotal:\s+(\d+) kB/.exec(meminfo)?.[1];
  if (kib === undefined) throw new Error("meminfo does not tell MemTotal");
  return Math.floor(Number(kib) / 1024);
}

/** How many CPUs a list such as `0-3,8` names. */
function countOf(list: string): number {
  return list.split(",").reduce((sum, range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
}
