// SPDX-License-Identifier: Apache-2.0
/** Fleets as the benchmarks of the scheduler put them to us and to the real ones alike. */
import type { CandidateRequest } from "../../../operator/src/core/placement/candidate-request.ts";
import type { Inventories } from "../../../operator/src/core/placement/inventory.ts";
import type { ResourceProvider } from "../../../operator/src/core/placement/provider.ts";
import type { HostState } from "../../../operator/src/core/scheduler/host-state.ts";
import type { GroupState, ScheduleRequest } from "../../../operator/src/core/scheduler/request.ts";

const features =
  "SSE SSE2 SSE3 SSSE3 SSE41 SSE42 AVX AVX2 AVX512F AVX512BW AESNI BMI BMI2 FMA3 F16C MMX ABM SHA";
const commonTraits = features.split(" ").map((name) => `HW_CPU_X86_${name}`);

const units = { reserved: 0, minUnit: 1, stepSize: 1, allocationRatio: 1 };
const inventories: Inventories = {
  VCPU: { ...units, total: 64, maxUnit: 64, allocationRatio: 4 },
  PCPU: { ...units, total: 32, maxUnit: 32 },
  MEMORY_MB: { ...units, total: 262_144, maxUnit: 262_144, reserved: 4096 },
  DISK_GB: { ...units, total: 2000, maxUnit: 2000 },
};

/** Hosts in three zones that share one aggregate each. */
const zones = ["zone-0", "zone-1", "zone-2"].map((zone) => [
  { name: zone, metadata: { availability_zone: zone } },
]);

/** What one server takes that is there already. */
export const heldBefore = { VCPU: 4, MEMORY_MB: 8192, DISK_GB: 40 };

/**
 * Hosts without devices, with none to four servers each. Two in five have CUSTOM_X and not CUSTOM_Y.
 */
export function flatHosts(count: number): HostState[] {
  return Array.from({ length: count }, (_, index) => {
    const servers = index % 5;
    return {
      name: `host-${index}`,
      isUp: true,
      isDisabled: false,
      isIdentityKnown: true,
      node: "Offered",
      inventory: inventories,
      used: {
        VCPU: heldBefore.VCPU * servers,
        MEMORY_MB: heldBefore.MEMORY_MB * servers,
        DISK_GB: heldBefore.DISK_GB * servers,
      },
      traits: new Set([
        ...commonTraits,
        index % 2 === 0 ? "CUSTOM_X" : "CUSTOM_NOT_X",
        index % 10 === 4 ? "CUSTOM_Y" : "CUSTOM_NOT_Y",
      ]),
      aggregates: zones[index % 3] ?? [],
      serverCount: servers,
      ioOperationCount: index % 3,
      hypervisorVersion: 8_002_000,
    };
  });
}

/** Hosts with so many devices of one unit each. */
export function deviceHosts(count: number, deviceCount: number): HostState[] {
  return flatHosts(count).map((host) => ({
    ...host,
    providers: Array.from(
      { length: deviceCount },
      (_, index): ResourceProvider => ({
        uuid: `${host.name}-device-${index}`,
        parent: host.name,
        root: host.name,
        inventories: { VGPU: { ...units, total: 1, maxUnit: 1 } },
        used: {},
        traits: new Set(),
        aggregates: new Set(),
      }),
    ),
  }));
}

const resources = { VCPU: 2, MEMORY_MB: 4096, DISK_GB: 20 };
const open = { required: [], forbidden: [], memberOf: [], forbiddenAggregates: [] };

/** A request for two CPUs, 4 GiB, 20 GB and one device for each granular group. */
export function aRequest(
  serverUid: string,
  groupCount = 0,
  change: Partial<ScheduleRequest> = {},
): ScheduleRequest {
  const devices = groupCount === 0 ? {} : { VGPU: groupCount };
  const placement: CandidateRequest = {
    groups: [
      { suffix: "", usesSameProvider: false, resources, ...open },
      ...Array.from({ length: groupCount }, (_, index) => ({
        suffix: `_${index}`,
        usesSameProvider: true,
        resources: { VGPU: 1 },
        ...open,
      })),
    ],
    groupPolicy: "none",
    sameSubtree: [],
    rootRequired: [],
    rootForbidden: [],
  };
  const asked = { serverUid, resources: { ...resources, ...devices }, placement };
  return { ...asked, refusedHosts: [], namespace: "team", ...change };
}

/** The same with traits that two hosts in five have. */
export function aPickyRequest(serverUid: string): ScheduleRequest {
  const request = aRequest(serverUid);
  const groups = (request.placement?.groups ?? []).map((group) => ({
    ...group,
    required: [["CUSTOM_X"]],
    forbidden: ["CUSTOM_Y"],
  }));
  return { ...request, ...(request.placement && { placement: { ...request.placement, groups } }) };
}

/** A group with a member on every fifth host. */
export function softlyApart(hosts: readonly HostState[]): GroupState {
  const members = hosts.filter((_, index) => index % 5 === 1).map(({ name }) => [name, 1] as const);
  return {
    policy: "soft-anti-affinity",
    topology: "Host",
    serversMax: 1,
    members: new Map(members),
  };
}
