// SPDX-License-Identifier: Apache-2.0
import { parseCpuList } from "../../lib/cpu-list.ts";
import { extraSpecSchema } from "../catalogue/extra-specs.ts";
import { settle } from "../catalogue/flavor-and-image.ts";

/** The pages that a guest's memory shall be made of, by a word or by their size in KiB. */
export type PageSize = "small" | "large" | "any" | number;

export type ThreadPolicy = "prefer" | "isolate" | "require";

/** One NUMA cell of a guest. */
export interface GuestCell {
  /** Guest CPUs that float over the host's shared ones. */
  readonly sharedCpus: readonly number[];
  /** Guest CPUs that each get a host CPU of their own. */
  readonly dedicatedCpus: readonly number[];
  readonly memoryMib: number;
  readonly pageSize?: PageSize;
  readonly threadPolicy?: ThreadPolicy;
}

export interface GuestTopology {
  readonly cells: readonly GuestCell[];
  /** Where QEMU's own threads run; `isolate` takes one more host CPU. */
  readonly emulatorThreads?: "isolate" | "share";
}

/** The topology, nothing when the guest asks for none, or why what is asked for cannot be. */
export type TopologyRequest =
  | { readonly ok: true; readonly topology: GuestTopology | undefined }
  | { readonly ok: false; readonly message: string };

type Properties = Readonly<Record<string, string>>;

/** What topologies are read from. Memory in MiB. */
export interface TopologySource {
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly extraSpecs: Properties;
  readonly imageProperties: Properties;
}

const refuse = (message: string) => ({ ok: false, message }) as const;

/** What a flavor and an image ask of CPUs, memory and NUMA cells. Source: nova-semantics 4.3, 4.5. */
export function topologyRequest(source: TopologySource): TopologyRequest {
  const settled = settle(source.extraSpecs, source.imageProperties);
  if (!settled.ok) return settled;
  const { values } = settled;
  const policy = values["hw_cpu_policy"];
  const fault = policyFault(values, source.extraSpecs);
  if (fault !== undefined) return refuse(fault);
  const dedicated = dedicatedCpus(source, values);
  if (typeof dedicated === "string") return refuse(dedicated);
  const isWanted =
    policy === "dedicated" ||
    policy === "mixed" ||
    values["hw_numa_nodes"] !== undefined ||
    values["hw_mem_page_size"] !== undefined;
  if (!isWanted) return { ok: true, topology: undefined };
  const layout = layoutOf(source, values);
  if (typeof layout === "string") return refuse(layout);
  const pageSize = read("hw:mem_page_size", values["hw_mem_page_size"]) as PageSize | undefined;
  const threadPolicy = values["hw_cpu_thread_policy"] as ThreadPolicy | undefined;
  const emulatorThreads = source.extraSpecs["hw:emulator_threads_policy"] as
    | GuestTopology["emulatorThreads"]
    | undefined;
  const cells = layout.map(({ cpus, memoryMib }) => ({
    sharedCpus: cpus.filter((cpu) => !dedicated.has(cpu)),
    dedicatedCpus: cpus.filter((cpu) => dedicated.has(cpu)),
    memoryMib,
    ...(pageSize !== undefined && { pageSize }),
    ...(threadPolicy !== undefined && { threadPolicy }),
  }));
  return {
    ok: true,
    topology: { cells, ...(emulatorThreads !== undefined && { emulatorThreads }) },
  };
}

/** Why policies for dedicated CPUs do not go with the CPU policy. */
function policyFault(values: Properties, extraSpecs: Properties): string | undefined {
  const policy = values["hw_cpu_policy"];
  if (policy === "dedicated" || policy === "mixed") return undefined;
  if (values["hw_cpu_thread_policy"] !== undefined) {
    return "a CPU thread policy needs CPU policy dedicated or mixed";
  }
  if (extraSpecs["hw:emulator_threads_policy"] === "isolate") {
    return "emulator threads can be isolated with CPU policy dedicated or mixed only";
  }
  return undefined;
}

/** Which guest CPUs are dedicated, or why that cannot be told. */
function dedicatedCpus(
  { vcpus, extraSpecs }: TopologySource,
  values: Properties,
): ReadonlySet<number> | string {
  const all = Array.from({ length: vcpus }, (_, cpu) => cpu);
  const policy = values["hw_cpu_policy"];
  const dedicatedMask = extraSpecs["hw:cpu_dedicated_mask"];
  const realtimeMask = values["hw_cpu_realtime_mask"];
  if (policy !== "mixed") {
    if (dedicatedMask !== undefined) return "hw:cpu_dedicated_mask needs CPU policy mixed";
    return new Set(policy === "dedicated" ? all : []);
  }
  const mask = dedicatedMask ?? realtimeMask;
  if (mask === undefined || (dedicatedMask !== undefined && realtimeMask !== undefined)) {
    return "CPU policy mixed needs either hw:cpu_dedicated_mask or hw:cpu_realtime_mask";
  }
  const chosen = maskedCpus(mask, all);
  if (chosen.some((cpu) => cpu >= vcpus))
    return `the CPU mask ${mask} names CPUs that are not there`;
  if (chosen.length === 0 || chosen.length === vcpus) {
    return `the CPU mask ${mask} leaves no CPU of one of the two kinds`;
  }
  return new Set(chosen);
}

/** The CPUs of a list, or all but those of a list that begins with `^`. */
function maskedCpus(mask: string, all: readonly number[]): number[] {
  const text = mask.startsWith("^") ? `${all.join()},${mask}` : mask;
  return parseCpuList(text) ?? [];
}

interface Layout {
  readonly cpus: readonly number[];
  readonly memoryMib: number;
}

/** CPUs and memory of each cell: as they are given, or evenly. */
function layoutOf(source: TopologySource, values: Properties): Layout[] | string {
  const { vcpus, memoryMib } = source;
  const count = (read("hw:numa_nodes", values["hw_numa_nodes"]) as number | undefined) ?? 1;
  const given = Object.keys(values).filter((key) => /^hw_numa_(cpus|mem)\.\d+$/.test(key));
  if (given.length > 0) return manualLayout(source, values, count);
  if (vcpus % count !== 0 || memoryMib % count !== 0) {
    return `${vcpus} CPUs and ${memoryMib} MiB cannot be divided evenly among ${count} NUMA cells`;
  }
  const share = vcpus / count;
  return Array.from({ length: count }, (_, cell) => ({
    cpus: Array.from({ length: share }, (__, index) => cell * share + index),
    memoryMib: memoryMib / count,
  }));
}

function manualLayout(
  { vcpus, memoryMib }: TopologySource,
  values: Properties,
  count: number,
): Layout[] | string {
  const cells: Layout[] = [];
  for (let cell = 0; cell < count; cell += 1) {
    const cpus = read("hw:numa_cpus.0", values[`hw_numa_cpus.${cell}`]) as number[] | undefined;
    const memory = read("hw:numa_mem.0", values[`hw_numa_mem.${cell}`]) as number | undefined;
    if (cpus === undefined || memory === undefined) {
      return `NUMA cell ${cell} needs both hw:numa_cpus.${cell} and hw:numa_mem.${cell}`;
    }
    cells.push({ cpus, memoryMib: memory });
  }
  const used = cells.flatMap(({ cpus }) => cpus);
  if (used.length !== vcpus || new Set(used).size !== vcpus || used.some((cpu) => cpu >= vcpus)) {
    return "each CPU has to be in one NUMA cell";
  }
  const sum = cells.reduce((total, cell) => total + cell.memoryMib, 0);
  return sum === memoryMib ? cells : `the NUMA cells have ${sum} MiB, the flavor ${memoryMib} MiB`;
}

/** A value that was checked before, as its schema reads it. */
function read(key: string, text: string | undefined): unknown {
  return text === undefined ? undefined : extraSpecSchema(key)?.parse(text);
}
