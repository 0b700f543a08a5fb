// SPDX-License-Identifier: Apache-2.0
/** What a flavor and an image ask of NUMA cells, and whether a host's cells can give it. */
import { z } from "zod";
import { fitTopology } from "../../operator/src/core/guest/numa/fit.ts";
import {
  type GuestTopology,
  type PageSize,
  topologyRequest,
} from "../../operator/src/core/guest/numa/guest-topology.ts";
import type { CellLimits, HostCell } from "../../operator/src/core/guest/numa/host-cell.ts";
import { areCasesWith, judgeEach, type Verdict } from "./verdict.ts";

const numbers = z.array(z.number());

export const hostTopologySchema = z.object({
  cells: z.array(
    z.object({
      id: z.number(),
      cpuset: numbers,
      pcpuset: numbers,
      pinned_cpus: numbers,
      siblings: z.array(numbers),
      memory_mb: z.number(),
      memory_usage_mb: z.number(),
      cpu_usage: z.number(),
      mempages: z.array(
        z.object({
          size_kb: z.number(),
          total: z.number(),
          reserved: z.number(),
          used: z.number(),
        }),
      ),
    }),
  ),
});

export const guestTopologySchema = z.object({
  cells: z.array(
    z.object({
      cpuset: numbers,
      pcpuset: numbers,
      memory_mb: z.number(),
      pagesize_kb: z.number().nullable(),
      cpu_thread_policy: z.enum(["prefer", "isolate", "require"]).nullable(),
    }),
  ),
  emulator_threads_policy: z.enum(["isolate", "share"]).nullable(),
});

const caseSchema = z.object({
  name: z.string(),
  flavor: z.object({
    vcpus: z.number(),
    memory_mb: z.number(),
    extra_specs: z.record(z.string(), z.string()),
  }),
  image_properties: z.record(z.string(), z.unknown()),
  limits: z.object({ cpu_allocation_ratio: z.number(), ram_allocation_ratio: z.number() }),
  host: hostTopologySchema,
  expected: z.object({
    constraints: z.union([guestTopologySchema, z.object({ exception: z.string() })]).nullable(),
    fits: z.boolean().nullish(),
    fit: z.object({ cells: z.array(z.object({ id: z.number(), cpuset: numbers })) }).nullish(),
  }),
});

type RecordedCase = z.output<typeof caseSchema>;

/** Reads `{cases}` with a flavor and a host's cells each; undefined for other files. */
export function numaVectors(file: Readonly<Record<string, unknown>>): Verdict[] | undefined {
  if (!areCasesWith(file["cases"], "flavor", "limits")) return undefined;
  return judgeEach(file["cases"], caseSchema, judge);
}

function judge(one: RecordedCase): Verdict {
  if (isBeyondShared(one)) {
    const why = "the real one puts shared CPUs on cells that have too few";
    return { outcome: "skipped", name: one.name, why };
  }
  const why = difference(one);
  if (why === undefined) return { outcome: "passed", name: one.name };
  return { outcome: "failed", name: one.name, why };
}

/** With CPU policy mixed, Nova does not look whether a cell has the CPUs that are to be shared. */
function isBeyondShared({ expected, host }: RecordedCase): boolean {
  return (expected.fit?.cells ?? []).some(({ id, cpuset }) => {
    const cell = host.cells.find((one) => one.id === id);
    return cpuset.length > (cell?.cpuset.length ?? 0);
  });
}

function difference({ flavor, image_properties, expected, ...one }: RecordedCase) {
  const { constraints } = expected;
  const request = topologyRequest({
    vcpus: flavor.vcpus,
    memoryMib: flavor.memory_mb,
    extraSpecs: flavor.extra_specs,
    imageProperties: Object.fromEntries(
      Object.entries(image_properties).map(([key, value]) => [key, String(value)]),
    ),
  });
  if (!request.ok) {
    const isRefused = constraints !== null && "exception" in constraints;
    return isRefused ? undefined : `is refused: ${request.message}`;
  }
  if (constraints !== null && "exception" in constraints) {
    return `is accepted instead of ${constraints.exception}`;
  }
  const wanted = constraints === null ? undefined : guestOf(constraints);
  if (JSON.stringify(request.topology) !== JSON.stringify(wanted)) {
    return `asks for ${JSON.stringify(request.topology)} instead of ${JSON.stringify(wanted)}`;
  }
  if (wanted === undefined) return undefined;
  const limits = {
    cpuAllocationRatio: one.limits.cpu_allocation_ratio,
    memoryAllocationRatio: one.limits.ram_allocation_ratio,
  };
  return fitDifference(wanted, cellsOf(one.host), limits, expected.fits ?? false);
}

function fitDifference(
  guest: GuestTopology,
  host: readonly HostCell[],
  limits: CellLimits,
  fits: boolean,
): string | undefined {
  const placed = fitTopology(guest, host, limits);
  if ((placed !== undefined) !== fits) return `fits: ${placed !== undefined} instead of ${fits}`;
  const pins = placed?.flatMap((cell) => [...cell.pins.values(), ...cell.reservedCpus]) ?? [];
  if (new Set(pins).size !== pins.length) return `pins two CPUs to one: ${pins.join()}`;
  const free = host.flatMap(({ dedicatedCpus, pinnedCpus }) =>
    dedicatedCpus.filter((cpu) => !pinnedCpus.has(cpu)),
  );
  return pins.every((cpu) => free.includes(cpu)) ? undefined : `pins taken CPUs: ${pins.join()}`;
}

const pageSizes: Readonly<Record<number, PageSize>> = { [-1]: "small", [-2]: "large", [-3]: "any" };

export function guestOf(recorded: z.output<typeof guestTopologySchema>): GuestTopology {
  const { cells, emulator_threads_policy: emulatorThreads } = recorded;
  return {
    cells: cells.map((cell) => ({
      sharedCpus: cell.cpuset,
      dedicatedCpus: cell.pcpuset,
      memoryMib: cell.memory_mb,
      ...(cell.pagesize_kb !== null && {
        pageSize: pageSizes[cell.pagesize_kb] ?? cell.pagesize_kb,
      }),
      ...(cell.cpu_thread_policy !== null && { threadPolicy: cell.cpu_thread_policy }),
    })),
    ...(emulatorThreads !== null && { emulatorThreads }),
  };
}

export function cellsOf({ cells }: z.output<typeof hostTopologySchema>): HostCell[] {
  return cells.map((cell) => ({
    id: cell.id,
    sharedCpus: cell.cpuset,
    dedicatedCpus: cell.pcpuset,
    pinnedCpus: new Set(cell.pinned_cpus),
    siblings: cell.siblings,
    memoryMib: cell.memory_mb,
    usedMemoryMib: cell.memory_usage_mb,
    usedCpus: cell.cpu_usage,
    pages: cell.mempages.map(({ size_kb: sizeKib, ...rest }) => ({ sizeKib, ...rest })),
  }));
}
