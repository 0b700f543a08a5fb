// SPDX-License-Identifier: Apache-2.0
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";

/** The host's CPU as Linux describes it. */
export interface CpuFacts {
  /** As `uname -m` says, for example `x86_64`. */
  readonly arch: string;
  readonly model: string;
  readonly vendor: string;
  /** Logical CPUs that are online. */
  readonly cpus: number;
  /** Feature flags in Linux's spelling, for example `avx512f`. */
  readonly flags: readonly string[];
  /** Whether two logical CPUs share a core now. */
  readonly hasHyperthreading: boolean;
}

/** What the node says of itself. */
export interface NodeFacts {
  /** Another one after each boot of the node. */
  readonly bootId: string;
  /** Release of the kernel. */
  readonly kernel: string;
  readonly cpu: CpuFacts;
  readonly numaCells: NonNullable<HypervisorStatus["numaCells"]>;
  /** All memory of the host in MiB. */
  readonly memoryMib: number;
  /** Size of the guests' file system in GiB, rounded down. */
  readonly diskGib: number;
}
