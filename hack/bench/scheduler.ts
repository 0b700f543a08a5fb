// SPDX-License-Identifier: Apache-2.0
/** How long the search for a claim takes on hosts with devices. Needs no cluster. */
import type { CandidateRequest } from "../../operator/src/core/placement/candidate-request.ts";
import { CandidateSearch } from "../../operator/src/core/placement/candidates.ts";
import {
  ProviderWorld,
  type ResourceProvider,
} from "../../operator/src/core/placement/provider.ts";
import { percentile, type Report } from "./report.ts";

const runs = 21;

interface Size {
  readonly hosts: number;
  readonly devices: number;
  readonly groups: number;
}

const sizes: readonly Size[] = [
  { hosts: 1000, devices: 0, groups: 0 },
  { hosts: 100, devices: 8, groups: 1 },
  { hosts: 100, devices: 8, groups: 4 },
  { hosts: 100, devices: 8, groups: 8 },
  { hosts: 1, devices: 64, groups: 8 },
  { hosts: 1, devices: 64, groups: 64 },
];

export function scheduler(): Promise<Report> {
  const figures: Record<string, number> = {};
  for (const size of sizes) {
    const name = `${size.hosts} hosts x ${size.devices} devices, ${size.groups} groups`;
    for (const groupPolicy of size.groups > 1
      ? (["none", "isolate"] as const)
      : ["none" as const]) {
      const label = size.groups > 1 ? `${name}, ${groupPolicy}` : name;
      const { candidates, ms } = measure(size, groupPolicy);
      figures[`${label}: all distinct candidates, p50 ms`] = ms;
      figures[`${label}: distinct candidates found`] = candidates;
    }
  }
  const about = `One request for 2 VCPU, 4 GiB and a device for each group, searched from every host; ${runs} runs.`;
  return Promise.resolve({ about, figures, ratios: {} });
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
