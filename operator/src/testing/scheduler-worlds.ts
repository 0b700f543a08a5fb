// SPDX-License-Identifier: Apache-2.0
/** Small fleets of very different hosts, and what may be asked of them. */
import * as fc from "fast-check";
import type { HostState } from "../core/scheduler/host-state.ts";
import type { GroupState, ScheduleRequest } from "../core/scheduler/request.ts";
import type { SchedulerSettings } from "../core/scheduler/settings.ts";
import { weighers } from "../core/scheduler/weighers/index.ts";
import { aCandidateRequest, aGroup, unitsOf } from "./placement-worlds.ts";

const traits = ["CUSTOM_FAST", "CUSTOM_OLD", "PRESSURE_CPU", "STORAGE_DISK_SSD"];
const zones = ["east", "west"];
const tenants = ["team", "other"];
const architectures = ["x86_64", "aarch64"];
const multiplierKeys = weighers.map(({ multiplierKey }) => multiplierKey);

/** A host of which nothing is known but that it takes servers. */
export function aHostState(change: Partial<HostState> = {}): HostState {
  return {
    name: "node-1",
    isUp: true,
    isDisabled: false,
    isIdentityKnown: true,
    node: "Offered",
    inventory: {},
    used: {},
    ...change,
  };
}

/** A request that any such host can serve. */
export function aScheduleRequest(change: Partial<ScheduleRequest> = {}): ScheduleRequest {
  return { serverUid: "server", resources: {}, refusedHosts: [], ...change };
}

const aggregate = fc
  .record({
    zone: fc.option(fc.constantFrom(...zones)),
    multiplier: fc.option(
      fc.tuple(fc.constantFrom(...multiplierKeys), fc.constantFrom("-1", "0.5", "3")),
    ),
    serversMax: fc.option(fc.constantFrom("1", "4")),
    tenant: fc.constantFrom(null, null, ...tenants),
  })
  .map(({ zone, multiplier, serversMax, tenant }) => ({
    name: "aggregate",
    metadata: {
      ...(zone !== null && { availability_zone: zone }),
      ...(multiplier !== null && { [multiplier[0]]: multiplier[1] }),
      ...(serversMax !== null && { max_instances_per_host: serversMax }),
      ...(tenant !== null && { filter_tenant_id: tenant }),
    },
  }));

const hostState: fc.Arbitrary<HostState> = fc
  .record({
    isUp: fc.constantFrom(true, true, true, false),
    isDisabled: fc.constantFrom(false, false, false, true),
    cpus: fc.integer({ min: 1, max: 8 }),
    ratio: fc.constantFrom(1, 1, 4),
    memoryMib: fc.integer({ min: 1, max: 64 }),
    used: fc.record({ VCPU: fc.nat(4), MEMORY_MB: fc.nat(32) }),
    traits: fc.subarray(traits).map((list) => new Set(list)),
    aggregates: fc.array(aggregate, { maxLength: 2 }),
    serverCount: fc.nat(5),
    ioOperationCount: fc.nat(3),
    failedBuildCount: fc.constantFrom(0, 0, 0, 2),
    hypervisorVersion: fc.constantFrom(8_002_000, 10_000_000),
    metrics: fc.dictionary(fc.constantFrom("idle"), fc.nat(9)),
    labels: fc.record({ disk: fc.constantFrom("ssd", "hdd") }),
    supportedGuests: fc
      .subarray(architectures, { minLength: 1 })
      .map((list) =>
        list.map((architecture) => ({ architecture, hypervisorType: "qemu", vmMode: "hvm" })),
      ),
  })
  .map(({ cpus, ratio, memoryMib, ...rest }) =>
    aHostState({
      ...rest,
      inventory: {
        VCPU: unitsOf(cpus, { allocationRatio: ratio }),
        MEMORY_MB: unitsOf(memoryMib),
      },
    }),
  );

/** Up to eight hosts, by name and in no order. */
export const hostStates: fc.Arbitrary<HostState[]> = fc
  .array(hostState, { minLength: 1, maxLength: 8 })
  .map((hosts) => hosts.map((host, index) => ({ ...host, name: `node-${index}` })));

const group: fc.Arbitrary<GroupState> = fc.record({
  policy: fc.constantFrom(
    ...(["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"] as const),
  ),
  topology: fc.constantFrom("Host" as const, "Zone" as const),
  serversMax: fc.integer({ min: 1, max: 2 }),
  members: fc
    .dictionary(
      fc.constantFrom("node-0", "node-1", "node-2", ...zones),
      fc.integer({ min: 1, max: 3 }),
    )
    .map((members) => new Map(Object.entries(members))),
});

export const scheduleRequest: fc.Arbitrary<ScheduleRequest> = fc.record(
  {
    serverUid: fc.uuid(),
    resources: fc.record({ VCPU: fc.integer({ min: 1, max: 4 }), MEMORY_MB: fc.nat(32) }),
    refusedHosts: fc.subarray(["node-0", "node-3"]),
    group,
    zone: fc.constantFrom(...zones),
    namespace: fc.constantFrom(...tenants),
    image: fc.constantFrom(...architectures).map((hw_architecture) => ({
      id: "image",
      properties: { hw_architecture },
    })),
    hints: fc.constantFrom("ssd", "hdd").map((disk) => ({
      nodeSelector: { matchLabels: { disk } },
    })),
    placement: fc
      .record({ VCPU: fc.integer({ min: 1, max: 4 }), trait: fc.constantFrom(...traits) })
      .map(({ VCPU, trait }) =>
        aCandidateRequest([aGroup("", { resources: { VCPU }, required: [[trait]] })]),
      ),
    traits: fc.record({
      preferred: fc.subarray(["CUSTOM_FAST", "STORAGE_DISK_SSD"]),
      avoided: fc.subarray(["CUSTOM_OLD"]),
    }),
  },
  { requiredKeys: ["serverUid", "resources", "refusedHosts"] },
);

export const schedulerSettings: fc.Arbitrary<SchedulerSettings> = fc.record(
  {
    multipliers: fc.dictionary(
      fc.constantFrom(...weighers.map(({ name }) => name)),
      fc.constantFrom(-2, 0, 0.5, 1, 5),
    ),
    serversPerHostMax: fc.integer({ min: 1, max: 6 }),
    metrics: fc.record({ ratios: fc.constant({ idle: 2 }), isRequired: fc.boolean() }),
  },
  { requiredKeys: [] },
);
