// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { unitsOf } from "../../../testing/placement-worlds.ts";
import { aHostState, aScheduleRequest } from "../../../testing/scheduler-worlds.ts";
import type { HostState } from "../host-state.ts";
import type { ScheduleRequest } from "../request.ts";
import type { SchedulerSettings } from "../settings.ts";
import { HostWeights } from "../host-weights.ts";
import { weighers } from "./index.ts";

function scored(
  names: readonly string[],
  hosts: readonly Partial<HostState>[],
  request: Partial<ScheduleRequest> = {},
  settings: SchedulerSettings = {},
): number[] {
  const chosen = weighers.filter(({ name }) => names.includes(name));
  expect(chosen).toHaveLength(names.length);
  const weighing = { request: aScheduleRequest(request), settings, weighers: chosen };
  return [
    ...new HostWeights(
      hosts.map((host) => aHostState(host)),
      weighing,
    ).scores,
  ];
}

const aggregatesOf = (...all: Record<string, string>[]) =>
  all.map((metadata, index) => ({ name: `aggregate-${index}`, metadata }));
const memoryOf = (total: number) => ({ inventory: { MEMORY_MB: unitsOf(total) } });
const members = new Map([["node-2", 2]]);
const group = { topology: "Host", serversMax: 1, members } as const;
const twoNodes = [{ name: "node-1" }, { name: "node-2" }];
const image = { id: "debian", properties: { os_distro: "debian", hw_machine_type: "q35" } };
const alike = [{ imageProperties: [{ os_distro: "debian" }] }, {}];

describe("a score", () => {
  test("is the sum of normalised values times multipliers", () => {
    const hosts = [
      { ...memoryOf(100), serverCount: 4 },
      { ...memoryOf(50), serverCount: 0 },
    ];
    const settings = { multipliers: { "server-count": -3 } };
    expect(scored(["ram", "server-count"], hosts, {}, settings)).toEqual([-2, 0.5]);
  });

  test("takes the least multiplier of the host's aggregates, and none that is no number", () => {
    const aggregates = aggregatesOf({ ram_weight_multiplier: "3" }, { ram_weight_multiplier: "2" });
    const broken = aggregatesOf({ ram_weight_multiplier: "much" });
    const hosts = [
      { ...memoryOf(100), aggregates },
      { ...memoryOf(100), aggregates: broken },
    ];
    expect(scored(["ram"], hosts)).toEqual([2, 1]);
  });

  test("runs from 0 for the worst to 1 for the best", () => {
    const versions = [10, 20, 30].map((hypervisorVersion) => ({ hypervisorVersion }));
    expect(scored(["hypervisor-version"], versions)).toEqual([0, 0.5, 1]);
  });

  test("is relative to the floor where there is one, and 0 under it", () => {
    const free = (...all: readonly number[]) =>
      all.map((one) => ({ inventory: { MEMORY_MB: { ...unitsOf(50), reserved: 50 - one } } }));
    expect(scored(["ram"], free(10, 20))).toEqual([0.5, 1]);
    expect(scored(["ram"], free(-10, 20))).toEqual([0, 1]);
    expect(scored(["ram"], free(-10, -20))).toEqual([0, 0]);
  });

  test("is 0 when all values are equal to the floor, or to each other without one", () => {
    expect(scored(["ram"], [memoryOf(0), memoryOf(0)])).toEqual([0, 0]);
    expect(scored(["hypervisor-version"], [{}, {}])).toEqual([0, 0]);
  });

  test("can be taken apart into what each weigher gave", () => {
    const hosts = [
      { ...memoryOf(100), serverCount: 4 },
      { ...memoryOf(50), aggregates: aggregatesOf({ ram_weight_multiplier: "4" }) },
    ];
    const settings = { multipliers: { "server-count": -3 } };
    const weights = new HostWeights(
      hosts.map((host) => aHostState(host)),
      { request: aScheduleRequest(), settings, weighers },
    );
    expect(weights.weightsAt(0)).toEqual({ ram: 1, "server-count": -3 });
    expect(weights.weightsAt(1)).toEqual({ ram: 2, "server-count": -0 });
    expect([...weights.scores]).toEqual([-2, 2]);
  });

  test("is 0 for a lone host", () => {
    expect(scored(["ram"], [memoryOf(100)])).toEqual([0]);
  });
});

describe("hosts are better", () => {
  const ofHosts: readonly (readonly [string, string, readonly Partial<HostState>[]])[] = [
    ["devices", "with fewer free devices", [{}, { devices: [{ count: 9, properties: {} }] }]],
    ["io-operations", "with less to do", [{}, { ioOperationCount: 2 }]],
    ["hypervisor-version", "with a newer version", [{ hypervisorVersion: 2 }, {}]],
    ["build-failures", "where builds succeed", [{}, { failedBuildCount: 1 }]],
    ["pressure", "without pressure", [{}, { traits: new Set(["PRESSURE_CPU"]) }]],
    ["boring-host", "with fewer special traits", [{}, { traits: new Set(["CUSTOM_FPGA"]) }]],
    ["boring-host", "with fewer classes", [{}, { inventory: { VGPU: unitsOf(1) } }]],
  ];
  test.each(ofHosts)("by %s %s", (name, _, hosts) => {
    const [first = 0, second = 0] = scored([name], hosts);
    expect(first).toBeGreaterThan(second);
  });

  test("where members of a soft group are, or are not", () => {
    const together = { group: { ...group, policy: "soft-affinity" as const } };
    const apart = { group: { ...group, policy: "soft-anti-affinity" as const } };
    expect(scored(["soft-affinity"], twoNodes, together)).toEqual([0, 1]);
    expect(scored(["soft-anti-affinity"], twoNodes, apart)).toEqual([1, 0]);
    expect(scored(["soft-affinity"], twoNodes, apart)).toEqual([0, 0]);
  });

  test("with the traits that are preferred and without those that are avoided", () => {
    const traits = { preferred: ["STORAGE_DISK_SSD"], avoided: ["CUSTOM_OLD"] };
    const hosts = [
      { traits: new Set(["STORAGE_DISK_SSD"]) },
      {},
      { traits: new Set(["CUSTOM_OLD"]) },
    ];
    expect(scored(["traits"], hosts, { traits })).toEqual([1, 0.5, 0]);
  });

  test("whose servers have images like it, once that is asked for", () => {
    const multipliers = { "image-properties": 1 };
    expect(scored(["image-properties"], alike, { image })).toEqual([0, 0]);
    expect(scored(["image-properties"], alike, { image }, { multipliers })).toEqual([1, 0]);
    const settings = { multipliers, imagePropertyRatios: { os_distro: 0 } };
    expect(scored(["image-properties"], alike, { image }, settings)).toEqual([0, 0]);
  });

  test("whose metrics are, and last without one", () => {
    const metrics = { ratios: { idle: 1 }, isRequired: false };
    const hosts = [{ metrics: { idle: 5 } }, { metrics: { idle: 2 } }, {}];
    const [first = 0, second = 0, last] = scored(["metrics"], hosts, {}, { metrics });
    expect(first).toBeGreaterThan(second);
    expect(last).toBe(0);
  });
});
