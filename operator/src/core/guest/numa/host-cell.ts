// SPDX-License-Identifier: Apache-2.0
/** One NUMA cell of a host, with what guests hold of it. Memory in MiB. */
export interface HostCell {
  readonly id: number;
  /** CPUs that guests share. */
  readonly sharedCpus: readonly number[];
  /** CPUs that guests get for themselves. */
  readonly dedicatedCpus: readonly number[];
  /** Of the dedicated ones, those that guests have. */
  readonly pinnedCpus: ReadonlySet<number>;
  /** CPUs that are threads of one core, core by core; a core without threads is alone. */
  readonly siblings: readonly (readonly number[])[];
  readonly memoryMib: number;
  readonly usedMemoryMib: number;
  /** Guest CPUs that share the shared ones. */
  readonly usedCpus: number;
  readonly pages: readonly PagePool[];
}

/** Pages of one size. */
export interface PagePool {
  readonly sizeKib: number;
  readonly total: number;
  readonly reserved: number;
  readonly used: number;
}

/** How far a cell may be promised beyond what it has. */
export interface CellLimits {
  readonly cpuAllocationRatio: number;
  readonly memoryAllocationRatio: number;
}
