// SPDX-License-Identifier: Apache-2.0
import type { GuestCell, GuestTopology } from "./guest-topology.ts";
import type { CellLimits, HostCell, PagePool } from "./host-cell.ts";
import { pinnedCpus } from "./pinning.ts";

/** Where a guest's cell goes. */
export interface CellPlacement {
  readonly hostCell: number;
  /** The host CPU of each dedicated guest CPU. */
  readonly pins: ReadonlyMap<number, number>;
  /** The host CPUs of QEMU's own threads. */
  readonly reservedCpus: readonly number[];
  readonly pageSizeKib?: number;
}

/**
 * Gives each cell of a guest a cell of the host of its own. Undefined when that cannot be. Which cells
 * fit which is independent of the rest, so that a matching finds a way if there is one.
 * Source: nova-semantics 5.3. Differs: Nova tries permutations.
 */
export function fitTopology(
  guest: GuestTopology,
  host: readonly HostCell[],
  limits: CellLimits,
): readonly CellPlacement[] | undefined {
  if (guest.cells.length > host.length) return undefined;
  const options = guest.cells.map((cell, index) => {
    const reserved = index === 0 && guest.emulatorThreads === "isolate" ? 1 : 0;
    return host.flatMap((one) => fitCell(cell, reserved, one, limits) ?? []);
  });
  const chosen = new Map<number, number>();
  for (const cell of options.keys()) {
    if (!match(options, chosen, cell, new Set())) return undefined;
  }
  const hostCellOf = new Map([...chosen].map(([hostCell, cell]) => [cell, hostCell]));
  return options.flatMap(
    (list, cell) => list.find(({ hostCell }) => hostCell === hostCellOf.get(cell)) ?? [],
  );
}

/** Finds the cell a place, moving others where that makes one free. */
function match(
  options: readonly (readonly CellPlacement[])[],
  chosen: Map<number, number>,
  cell: number,
  visited: Set<number>,
): boolean {
  for (const { hostCell } of options[cell] ?? []) {
    if (visited.has(hostCell)) continue;
    visited.add(hostCell);
    const other = chosen.get(hostCell);
    if (other !== undefined && !match(options, chosen, other, visited)) continue;
    chosen.set(hostCell, cell);
    return true;
  }
  return false;
}

/** The guest's cell on this one of the host; undefined when it does not fit. */
function fitCell(
  guest: GuestCell,
  reservedCount: number,
  host: HostCell,
  limits: CellLimits,
): CellPlacement | undefined {
  const pages = pagesFor(guest, host);
  if (guest.memoryMib > host.memoryMib || pages === "none") return undefined;
  if (guest.pageSize === undefined && !isWithinMemory(guest, host, limits)) return undefined;
  if (!isWithinShared(guest, host, limits)) return undefined;
  const count = guest.dedicatedCpus.length + (guest.dedicatedCpus.length > 0 ? reservedCount : 0);
  const cpus = pinnedCpus(host, count, guest.threadPolicy);
  if (cpus === undefined) return undefined;
  const pins = guest.dedicatedCpus.map((cpu, index) => [cpu, cpus[index] ?? 0] as const);
  return {
    hostCell: host.id,
    pins: new Map(pins),
    reservedCpus: cpus.slice(guest.dedicatedCpus.length),
    ...(guest.pageSize !== undefined && pages && { pageSizeKib: pages.sizeKib }),
  };
}

function isWithinMemory(guest: GuestCell, host: HostCell, limits: CellLimits): boolean {
  return host.usedMemoryMib + guest.memoryMib <= host.memoryMib * limits.memoryAllocationRatio;
}

/** Guest CPUs may not share a host CPU with each other, but with other guests'. */
function isWithinShared(guest: GuestCell, host: HostCell, limits: CellLimits): boolean {
  const count = guest.sharedCpus.length;
  if (count === 0) return true;
  const promised = host.usedCpus + count;
  return (
    count <= host.sharedCpus.length &&
    promised <= host.sharedCpus.length * limits.cpuAllocationRatio
  );
}

/**
 * The pages that the guest's memory takes, the largest first; undefined when it does not say. A guest
 * with CPUs of its own that does not say takes small ones, which are not overcommitted.
 */
function pagesFor(guest: GuestCell, host: HostCell): PagePool | "none" | undefined {
  const { memoryMib } = guest;
  const isImplied = guest.pageSize === undefined;
  if (isImplied && (guest.dedicatedCpus.length === 0 || host.pages.length === 0)) return undefined;
  const pageSize = guest.pageSize ?? "small";
  const neededKib = memoryMib * 1024;
  const descending = host.pages.toSorted((one, other) => other.sizeKib - one.sizeKib);
  const smallest = descending.at(-1);
  const isAllowed = (pool: PagePool): boolean => {
    if (pageSize === "small") return pool === smallest;
    if (pageSize === "large") return pool !== smallest;
    return pageSize === "any" || pool.sizeKib === pageSize;
  };
  const hasRoom = ({ sizeKib, total, reserved, used }: PagePool): boolean =>
    neededKib % sizeKib === 0 && (total - reserved - used) * sizeKib >= neededKib;
  return descending.find((pool) => isAllowed(pool) && hasRoom(pool)) ?? "none";
}
