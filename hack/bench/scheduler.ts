// SPDX-License-Identifier: Apache-2.0
/** How long decisions take: flat hosts with filters and weighers, and claims on hosts with devices. */
import type { CandidateRequest } from "../../operator/src/core/placement/candidate-request.ts";
import { CandidateSearch } from "../../operator/src/core/placement/candidates.ts";
import {
  ProviderWorld,
  type ResourceProvider,
} from "../../operator/src/core/placement/provider.ts";
import type { HostState } from "../../operator/src/core/scheduler/host-state.ts";
import { schedule } from "../../operator/src/core/scheduler/schedule.ts";
import { percentile, type Report } from "./report.ts";

const runs = 21;

interface Size {
  readonly hosts: number;
  readonly devices: number;
  readonly groups: number;
}

const sizes: readonly Size[] = [
  { hosts: 100, devices: 8, groups: 1 },
  { hosts: 100, devices: 8, groups: 4 },
  { hosts: 100, devices: 8, groups: 8 },
  { hosts: 1, devices: 64, groups: 8 },
  { hosts: 1, devices: 64, groups: 64 },
];

const flatHosts = [1000, 5000, 10_000];

export function scheduler(): Promise<Report> {
  const figures: Record<string, number> = {};
  for (const hosts of flatHosts) figures[`hosts ${hosts}, decision p50 ms`] = decisionMs(hosts);
  for (const size of sizes) {
    for (const groupPolicy of ["none", "isolate"] as const) {
      const label = `hosts ${size.hosts}, devices ${size.devices}, groups ${size.groups}, ${groupPolicy}`;
      const { candidates, ms } = measure(size, groupPolicy);
      figures[`${label}: search p50 ms`] = ms;
      figures[`${label}: distinct candidates`] = candidates;
    }
  }
  const about = `One request for 2 VCPU, 4 GiB and a device for each group, searched from every host, and decisions about flat hosts; ${runs} runs of each.`;
  return Promise.resolve({ about, figures, ratios: {} });
}

function decisionMs(hostCount: number): number {
  const hosts = Array.from({ length: hostCount }, (_, index) => flatHost(index));
  const resources = { VCPU: 2, MEMORY_MB: 4096, DISK_GB: 20 };
  const times = Array.from({ length: 3 * runs }, (_, run) => {
    const start = performance.now();
    schedule({ serverUid: `server-${run}`, resources, refusedHosts: [] }, hosts);
    return performance.now() - start;
  });
  return percentile(times, 0.5);
}

function flatHost(index: number): HostState {
  return {
    name: `host-${index}`,
    isUp: true,
    isDisabled: false,
    isIdentityKnown: true,
    node: "Offered",
    inventory: {
      VCPU: { ...units, total: 64, maxUnit: 64, allocationRatio: 4 },
      MEMORY_MB: { ...units, total: 262_144, maxUnit: 262_144, allocationRatio: 1 },
      DISK_GB: { ...units, total: 2000, maxUnit: 2000, allocationRatio: 1 },
    },
    used: { VCPU: index % 64, MEMORY_MB: (index * 37) % 200_000, DISK_GB: index % 1000 },
  };
}

function measure(
  size: Size,
  groupPolicy: CandidateRequest["groupPolicy"],
): { candidates: number; ms: number } {
  const world = new ProviderWorld(providersOf(size));
  const request = requestOf(size, groupPolicy);
  const times: number[] = [];
  let candidates = 0;
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    const search = new CandidateSearch(world, request);
    candidates = 0;
    for (const root of world.trees.keys()) {
      for (const _ of search.distinct(root)) candidates += 1;
    }
    times.push(performance.now() - start);
  }
  return { candidates, ms: percentile(times, 0.5) };
}

const units = { reserved: 0, minUnit: 1, stepSize: 1 };

function providersOf({ hosts, devices }: Size): ResourceProvider[] {
  const empty = { used: {}, traits: new Set<string>(), aggregates: new Set<string>() };
  return Array.from({ length: hosts }, (_, index) => `host-${index}`).flatMap((root) => [
    {
      uuid: root,
      root,
      inventories: {
        VCPU: { ...units, total: 64, maxUnit: 64, allocationRatio: 4 },
        MEMORY_MB: { ...units, total: 262_144, maxUnit: 262_144, allocationRatio: 1 },
      },
      ...empty,
    },
    ...Array.from({ length: devices }, (_, index) => ({
      uuid: `${root}-device-${index}`,
      parent: root,
      root,
      inventories: { VGPU: { ...units, total: 1, maxUnit: 1, allocationRatio: 1 } },
      ...empty,
    })),
  ]);
}

function requestOf(
  { groups }: Size,
  groupPolicy: CandidateRequest["groupPolicy"],
): CandidateRequest {
  const open = { required: [], forbidden: [], memberOf: [], forbiddenAggregates: [] };
  const unsuffixed = {
    suffix: "",
    usesSameProvider: false,
    resources: { VCPU: 2, MEMORY_MB: 4096 },
    ...open,
  };
  const granular = Array.from({ length: groups }, (_, index) => ({
    suffix: `_${index}`,
    usesSameProvider: true,
    resources: { VGPU: 1 },
    ...open,
  }));
  return {
    groups: [unsuffixed, ...granular],
    groupPolicy,
    sameSubtree: [],
    rootRequired: [],
    rootForbidden: [],
  };
}
