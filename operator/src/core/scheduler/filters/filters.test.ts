// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { HostCell } from "../../guest/numa/host-cell.ts";
import { testOf } from "../filter.ts";
import { aHostState, aScheduleRequest } from "../../../testing/scheduler-worlds.ts";
import type { HostState } from "../host-state.ts";
import type { GroupState, ScheduleRequest } from "../request.ts";
import type { SchedulerSettings } from "../settings.ts";
import { requestedGroups } from "../../placement/requested-groups.ts";
import { filters } from "./index.ts";

const flavorOf = (extraSpecs: Record<string, string>) => ({
  flavor: { name: "m1.small", extraSpecs },
});
const imageOf = (properties: Record<string, string>) => ({ image: { id: "debian", properties } });
const aggregatesOf = (...all: Record<string, string>[]) => ({
  aggregates: all.map((metadata, index) => ({ name: `aggregate-${index}`, metadata })),
});
const groupOf = (change: Partial<GroupState> = {}) => ({
  group: {
    policy: "anti-affinity" as const,
    topology: "Host" as const,
    serversMax: 1,
    members: new Map<string, number>(),
    ...change,
  },
});

type Case = readonly [
  name: string,
  host: Partial<HostState>,
  request: Partial<ScheduleRequest>,
  expected: true | string,
  settings?: SchedulerSettings,
];

const wantsSsd = flavorOf({ "aggregate_instance_extra_specs:disk": "<or> ssd <or> nvme" });
const arm = { architecture: "aarch64", hypervisorType: "kvm", vmMode: "hvm" };
const kept = (isStrict: boolean) => ({
  isolation: { hosts: ["node-1"], images: ["windows"], isStrict },
});
const elsewhere = { isolation: { hosts: ["node-2"], images: ["debian"], isStrict: false } };
const gpus = { properties: { vendor_id: "10de" }, count: 2 };
const nics = { properties: { vendor_id: "8086" }, count: 1 };
const askFor = (count: number, ...anyOf: Record<string, string>[]) => ({
  devices: [{ count, anyOf }],
});
const zoned = aggregatesOf({ availability_zone: "east" });

const cell: HostCell = {
  id: 0,
  sharedCpus: [0, 1],
  dedicatedCpus: [],
  pinnedCpus: new Set(),
  siblings: [[0], [1]],
  memoryMib: 1024,
  usedMemoryMib: 0,
  usedCpus: 0,
  pages: [],
};
const units = { reserved: 0, allocationRatio: 1, minUnit: 1, maxUnit: 8, stepSize: 1 };
const placementOf = (
  extraSpecs: Record<string, string>,
  groups = requestedGroups({ VCPU: 1 }, extraSpecs),
) => {
  if (!groups.ok) throw new Error(groups.message);
  return { placement: groups.request };
};
const cpus = { inventory: { VCPU: { ...units, total: 4 } } };
const device = (uuid: string, total: number, ...traits: string[]) => ({
  uuid,
  parent: "node-1",
  root: "node-1",
  inventories: { VGPU: { ...units, total } },
  used: {},
  traits: new Set(traits),
  aggregates: new Set<string>(),
});
const twoGroups = placementOf({
  "resources_A:VGPU": "1",
  "resources_B:VGPU": "1",
  "trait_B:CUSTOM_QUICK": "required",
  group_policy: "isolate",
});

const oneCell = (memoryMib: number) => ({
  cells: [{ sharedCpus: [0], dedicatedCpus: [], memoryMib }],
});

const cases: Readonly<Record<string, readonly Case[]>> = {
  "address-bits": [
    ["wide enough", { physicalAddressBits: 46 }, flavorOf({ "hw:maxphysaddr_bits": "46" }), true],
    [
      "not said by the host",
      {},
      flavorOf({ "hw:maxphysaddr_bits": "42" }),
      "has fewer than 42 address bits",
    ],
  ],
  "aggregate-extra-specs": [
    ["one of its values fits", aggregatesOf({ disk: "hdd, ssd" }), wantsSsd, true],
    ["no aggregate says it", {}, wantsSsd, "is in no aggregate with disk <or> ssd <or> nvme"],
    ["it has no namespace", {}, flavorOf({ disk: "ssd" }), true],
    [
      "it has no namespace but counts",
      {},
      flavorOf({ disk: "ssd" }),
      "is in no aggregate with disk ssd",
      { matchesUnscopedExtraSpecs: true },
    ],
  ],
  "aggregate-flavors": [
    ["its flavors are named", aggregatesOf({ instance_type: "m1.small" }), flavorOf({}), true],
    [
      "others are",
      aggregatesOf({ instance_type: "m1.large" }),
      flavorOf({}),
      "is kept for other flavors",
    ],
  ],
  "aggregate-images": [
    ["the image has not the property", aggregatesOf({ os_distro: "windows" }), imageOf({}), true],
    [
      "it has another value",
      aggregatesOf({ os_distro: "windows" }),
      imageOf({ os_distro: "debian" }),
      "is kept for images with another os_distro",
    ],
    [
      "it is none of the namespace",
      aggregatesOf({ os_distro: "windows" }),
      imageOf({ os_distro: "debian" }),
      true,
      { imagePropertyPrefix: "hw." },
    ],
  ],
  "aggregate-tenants": [
    ["no tenant is named", aggregatesOf({ disk: "ssd" }), { namespace: "team" }, true],
    [
      "it is named under any ending",
      aggregatesOf({ filter_tenant_id: "other" }, { filter_tenant_id2: "team" }),
      { namespace: "team" },
      true,
    ],
    [
      "another is",
      aggregatesOf({ filter_tenant_id: "other" }),
      { namespace: "team" },
      "is kept for other tenants",
    ],
  ],
  "availability-zone": [
    ["it is there", zoned, { zone: "east" }, true],
    ["it is elsewhere", zoned, { zone: "west" }, "is not in zone west"],
    ["it is in none", {}, { zone: "west" }, "is not in zone west"],
  ],
  capabilities: [
    [
      "a nested value fits",
      { capabilities: { cpu_info: { features: ["sse", "avx"] } } },
      flavorOf({ "capabilities:cpu_info:features": "<all-in> sse avx" }),
      true,
    ],
    [
      "a statistic fits",
      { capabilities: { stats: { level: "5" } } },
      flavorOf({ "capabilities:level": ">= 4" }),
      true,
    ],
    ["it says nothing", {}, flavorOf({ "capabilities:level": "5" }), "does not have level 5"],
    [
      "a name without a namespace is unknown",
      {},
      flavorOf({ level: "5" }),
      true,
      { matchesUnscopedExtraSpecs: true },
    ],
  ],
  devices: [
    [
      "there are enough in several pools",
      { devices: [gpus, gpus] },
      askFor(4, gpus.properties),
      true,
    ],
    [
      "there are too few",
      { devices: [gpus, nics] },
      askFor(3, gpus.properties),
      "has too few of the devices that are asked for",
    ],
    [
      "either will do",
      { devices: [gpus, nics] },
      askFor(3, gpus.properties, nics.properties),
      true,
    ],
    [
      "two requests want the same ones",
      { devices: [gpus] },
      { devices: [...askFor(1, {}).devices, ...askFor(2, gpus.properties).devices] },
      "has too few of the devices that are asked for",
    ],
  ],
  "different-host": [
    ["others are there", { servers: new Set(["b"]) }, { hints: { differentHost: ["a"] } }, true],
    [
      "it is there",
      { servers: new Set(["a"]) },
      { hints: { differentHost: ["a"] } },
      "has a server that it shall not be with",
    ],
  ],
  "same-host": [
    [
      "one of them is there",
      { servers: new Set(["b"]) },
      { hints: { sameHost: ["a", "b"] } },
      true,
    ],
    [
      "none is there",
      {},
      { hints: { sameHost: ["a"] } },
      "has none of the servers that it shall be with",
    ],
    ["none is named", {}, { hints: { sameHost: [] } }, true],
  ],
  "group-affinity": [
    ["there are no members yet", {}, groupOf({ policy: "affinity" }), true],
    [
      "members are here",
      {},
      groupOf({ policy: "affinity", members: new Map([["node-1", 1]]) }),
      true,
    ],
    [
      "members are elsewhere",
      {},
      groupOf({ policy: "affinity", members: new Map([["node-2", 1]]) }),
      "is not where its group is",
    ],
    [
      "members are in the same zone",
      zoned,
      groupOf({ policy: "affinity", topology: "Zone", members: new Map([["east", 1]]) }),
      true,
    ],
    [
      "it is in no zone, in which others could follow",
      {},
      groupOf({ policy: "affinity", topology: "Zone" }),
      "is in no zone to keep its group together in",
    ],
  ],
  "group-anti-affinity": [
    ["members are elsewhere", {}, groupOf({ members: new Map([["node-2", 1]]) }), true],
    [
      "a member is here",
      {},
      groupOf({ members: new Map([["node-1", 1]]) }),
      "has members of its group",
    ],
    ["another may be", {}, groupOf({ serversMax: 2, members: new Map([["node-1", 1]]) }), true],
    [
      "it is here itself",
      { servers: new Set(["server"]) },
      groupOf({ members: new Map([["node-1", 1]]) }),
      true,
    ],
    [
      "a member is in the same zone",
      zoned,
      groupOf({ topology: "Zone", members: new Map([["east", 1]]) }),
      "has members of its group",
    ],
    [
      "it is in no zone",
      {},
      groupOf({ topology: "Zone" }),
      "is in no zone to keep its group apart by",
    ],
  ],
  "host-network": [
    ["it is inside", { address: "10.0.1.7" }, { hints: { hostNetwork: "10.0.1.0/24" } }, true],
    [
      "it is outside",
      { address: "10.0.2.7" },
      { hints: { hostNetwork: "10.0.1.0/24" } },
      "is not in network 10.0.1.0/24",
    ],
  ],
  "aggregate-traits": [
    [
      "the request requires what it is kept for",
      aggregatesOf({ "trait:CUSTOM_A": "required" }),
      placementOf({ "trait:CUSTOM_A": "required" }),
      true,
    ],
    [
      "it does not",
      aggregatesOf({ "trait:CUSTOM_A": "required", "trait:CUSTOM_B": "required" }),
      placementOf({ "trait:CUSTOM_A": "required" }),
      "is kept for servers that require CUSTOM_B",
    ],
    ["the aggregate only likes it", aggregatesOf({ "trait:CUSTOM_A": "liked" }), {}, true],
  ],
  "host-traits": [
    [
      "it has one that is required",
      { traits: new Set(["HW_A"]) },
      placementOf({ "trait:HW_A": "required" }),
      true,
    ],
    [
      "a device has it",
      { providers: [device("gpu", 1, "HW_A")] },
      placementOf({ "trait:HW_A": "required" }),
      true,
    ],
    ["it lacks it", {}, placementOf({ "trait:HW_A": "required" }), "lacks trait HW_A"],
    [
      "it has one that is forbidden",
      { traits: new Set(["HW_A"]) },
      placementOf({ "trait:HW_A": "forbidden" }),
      "has trait HW_A, which is forbidden",
    ],
    ["traits are only wished for", {}, placementOf({ "trait:HW_A": "preferred" }), true],
  ],
  "node-selector": [
    [
      "its Node has the labels",
      { labels: { rack: "a" } },
      { hints: { nodeSelector: { matchLabels: { rack: "a" } } } },
      true,
    ],
    [
      "it has others",
      { labels: { rack: "b" } },
      { hints: { nodeSelector: { matchLabels: { rack: "a" } } } },
      "does not have the labels of its hint",
    ],
  ],
  "placement-groups": [
    [
      "each group has a device",
      { ...cpus, providers: [device("gpu-1", 1), device("gpu-2", 1, "CUSTOM_QUICK")] },
      twoGroups,
      true,
    ],
    [
      "no device has the trait",
      { ...cpus, providers: [device("gpu-1", 1), device("gpu-2", 1)] },
      twoGroups,
      "lacks 1 VGPU with CUSTOM_QUICK in one place",
    ],
    [
      "both groups need the same device",
      { ...cpus, providers: [device("gpu", 2, "CUSTOM_QUICK")] },
      twoGroups,
      "lacks room for all groups of resources at once",
    ],
    [
      "it gives all from one place",
      { inventory: { ...cpus.inventory, CUSTOM_FPGA: { ...units, total: 2 } } },
      placementOf({ "resources_A:CUSTOM_FPGA": "2" }),
      true,
    ],
    [
      "it has too few in that place",
      { inventory: { ...cpus.inventory, CUSTOM_FPGA: { ...units, total: 1 } } },
      placementOf({ "resources_A:CUSTOM_FPGA": "2" }),
      "lacks 2 CUSTOM_FPGA in one place",
    ],
  ],
  "image-properties": [
    [
      "the architecture fits",
      { supportedGuests: [arm] },
      imageOf({ hw_architecture: "aarch64" }),
      true,
    ],
    [
      "the architecture differs",
      { supportedGuests: [arm] },
      imageOf({ hw_architecture: "x86_64" }),
      "does not run such guests",
    ],
    [
      "the default differs",
      { supportedGuests: [arm] },
      imageOf({}),
      "does not run such guests",
      { defaultArchitecture: "x86_64" },
    ],
    [
      "the version differs",
      { supportedGuests: [arm], hypervisorVersion: 8_002_001 },
      imageOf({ img_hv_type: "kvm", img_hv_requested_version: ">=8.2,<8.2.1" }),
      "runs another version of its hypervisor",
    ],
    [
      "addresses are too narrow",
      { supportedGuests: [arm], physicalAddressBits: 40 },
      imageOf({ img_hv_type: "kvm", hw_maxphysaddr_bits: "48" }),
      "has fewer than 48 address bits",
    ],
  ],
  "io-operations": [
    ["it is not busy", { ioOperationCount: 7 }, {}, true, { ioOperationsPerHostMax: 8 }],
    [
      "it is busy",
      { ioOperationCount: 8 },
      {},
      "is busy with other servers",
      { ioOperationsPerHostMax: 8 },
    ],
    [
      "an aggregate says less",
      { ioOperationCount: 2, ...aggregatesOf({ max_io_ops_per_host: "2" }) },
      {},
      "is busy with other servers",
      { ioOperationsPerHostMax: 8 },
    ],
  ],
  "isolated-hosts": [
    ["nothing is kept", {}, imageOf({}), true],
    ["it is kept strictly", {}, imageOf({}), "is kept for other images", kept(true)],
    ["it is kept, but not strictly", {}, imageOf({}), true, kept(false)],
    ["others are kept for the image", {}, imageOf({}), "is not kept for its image", elsewhere],
  ],
  metrics: [
    [
      "it reports all",
      { metrics: { load: 1 } },
      {},
      true,
      { metrics: { ratios: { load: 1 }, isRequired: true } },
    ],
    [
      "it lacks one",
      {},
      {},
      "does not report load",
      { metrics: { ratios: { load: 1 }, isRequired: true } },
    ],
    [
      "it lacks one that is not required",
      {},
      {},
      true,
      { metrics: { ratios: { load: 1 }, isRequired: false } },
    ],
  ],
  "numa-topology": [
    ["the guest's cell fits", { cells: [cell] }, { topology: oneCell(1024) }, true],
    [
      "it is too large",
      { cells: [cell] },
      { topology: oneCell(2048) },
      "has no NUMA cells that fit",
    ],
    ["the host names no cells", {}, { topology: oneCell(1) }, "has no NUMA cells that fit"],
  ],
  "server-count": [
    ["there is room", { serverCount: 1 }, {}, true, { serversPerHostMax: 2 }],
    [
      "there is none",
      { serverCount: 2 },
      {},
      "has as many servers as it may have",
      { serversPerHostMax: 2 },
    ],
    [
      "an aggregate says more",
      { serverCount: 2, ...aggregatesOf({ max_instances_per_host: "3" }) },
      {},
      true,
      { serversPerHostMax: 2 },
    ],
    [
      "an aggregate says nonsense",
      { serverCount: 2, ...aggregatesOf({ max_instances_per_host: "many" }) },
      {},
      "has as many servers as it may have",
      { serversPerHostMax: 2 },
    ],
  ],
};

for (const [filter, list] of Object.entries(cases)) {
  describe(`the filter ${filter}`, () => {
    const chosen = filters.filter(({ name }) => name === filter);
    for (const [name, host, request, expected, settings = {}] of list) {
      test(`decides when ${name}`, () => {
        expect(chosen).toHaveLength(1);
        expect(testOf(chosen, aScheduleRequest(request), settings)(aHostState(host))).toBe(
          expected,
        );
      });
    }
  });
}

test("every filter lets a host pass that nothing is known of when nothing is asked for", () => {
  expect(testOf(filters, aScheduleRequest(), {})(aHostState())).toBe(true);
});

test("every filter is tested here or with the schedule", () => {
  const elsewhereTested = ["compute", "retry", "capacity"];
  const names = [...Object.keys(cases), ...elsewhereTested];
  expect(filters.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});
