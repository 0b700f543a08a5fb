// SPDX-License-Identifier: Apache-2.0
import type { HypervisorSpec, Inventory } from "../../api/v1alpha1/hypervisor.ts";
import type { Inventories } from "../placement/inventory.ts";

/** What a host has, before ratios and reserves. */
export interface HostResources {
  readonly cpus: number;
  /** The node's allocatable memory in bytes: what Kubernetes lets pods request. */
  readonly allocatableBytes: number;
  /** Memory in bytes that pods request which hold no guest. */
  readonly otherPodsBytes: number;
  /** Size of the guests' file system in GiB. */
  readonly diskGib: number;
}

type ResourceClass = keyof NonNullable<HypervisorSpec["allocationRatios"]>;

const defaultRatios: Readonly<Record<ResourceClass, number>> = {
  VCPU: 4,
  MEMORY_MB: 1,
  DISK_GB: 1,
};

/**
 * What a host offers. MEMORY_MB is what other pods left of the node's allocatable memory, so that the
 * kube-scheduler admits every server that fits. Source: nova-semantics 5.1. Differs: Nova counts all
 * memory of the host and reserves 512 MiB; Kubernetes keeps the host's share out of allocatable.
 */
export function inventoriesOf(
  host: HostResources,
  spec: Pick<HypervisorSpec, "allocationRatios" | "reserved" | "provider">,
): Inventories {
  const memoryBytes = Math.max(0, host.allocatableBytes - host.otherPodsBytes);
  const totals: Readonly<Record<ResourceClass, number>> = {
    VCPU: host.cpus,
    MEMORY_MB: Math.floor(memoryBytes / 2 ** 20),
    DISK_GB: host.diskGib,
  };
  const inventoryOf = (name: ResourceClass): Inventory => ({
    total: totals[name],
    reserved: spec.reserved?.[name] ?? 0,
    allocationRatio: spec.allocationRatios?.[name] ?? defaultRatios[name],
    minUnit: 1,
    maxUnit: Math.max(1, totals[name]),
    stepSize: 1,
  });
  return {
    ...providedInventories(spec.provider),
    VCPU: inventoryOf("VCPU"),
    MEMORY_MB: inventoryOf("MEMORY_MB"),
    DISK_GB: inventoryOf("DISK_GB"),
  };
}

/** What the administrator says that there is beside: nothing of it is kept when it is said no more. */
function providedInventories(provider: HypervisorSpec["provider"]): Inventories {
  const given = Object.entries(provider?.inventories ?? {});
  return Object.fromEntries(
    given.map(([name, one]) => [name, { ...one, maxUnit: one.maxUnit ?? one.total }]),
  );
}
