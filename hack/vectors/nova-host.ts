// SPDX-License-Identifier: Apache-2.0
/** A host and a request as Nova's scheduler sees them, in our words. */
import { z } from "zod";
import type { Capability, HostState } from "../../operator/src/core/scheduler/host-state.ts";
import type { GroupState, ScheduleRequest } from "../../operator/src/core/scheduler/request.ts";

import { cellsOf, guestOf, guestTopologySchema, hostTopologySchema } from "./numa.ts";

const poolSchema = z.looseObject({ count: z.number() });

const hostFields = z.object({
  host: z.string(),
  service: z.object({ disabled: z.boolean(), up: z.boolean().default(true) }),
  aggregates: z.array(z.object({ name: z.string(), metadata: z.record(z.string(), z.string()) })),
  vcpus_total: z.number(),
  vcpus_used: z.number(),
  cpu_allocation_ratio: z.number(),
  free_ram_mb: z.number(),
  free_disk_mb: z.number(),
  instances: z.array(z.string()),
  instance_image_props: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  num_instances: z.number(),
  num_io_ops: z.number(),
  failed_builds: z.number(),
  hypervisor_version: z.number().nullable(),
  supported_instances: z.array(z.tuple([z.string(), z.string(), z.string()])).nullable(),
  host_ip: z.string().nullable(),
  cpu_info: z.unknown(),
  metrics: z.record(z.string(), z.number()).nullable(),
  pci_pools: z.array(poolSchema).nullable(),
  ram_allocation_ratio: z.number().default(1),
  numa_topology: hostTopologySchema.nullable().default(null),
});

/** Every attribute of the host may be asked for by name, whatever it is. */
export const hostSchema = z
  .record(z.string(), z.unknown())
  .transform((all) => ({ ...hostFields.parse(all), all: all as Record<string, Capability> }));

export const specSchema = z.object({
  instance_uuid: z.string(),
  project_id: z.string(),
  flavor: z.object({ name: z.string(), extra_specs: z.record(z.string(), z.string()) }),
  image: z.object({ id: z.string(), properties: z.record(z.string(), z.unknown()) }).nullable(),
  instance_group: z
    .object({
      policy: z.enum(["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]),
      hosts: z.array(z.string()),
      members: z.array(z.string()),
      rules: z.record(z.string(), z.number()).optional(),
    })
    .nullable(),
  pci_requests: z
    .array(
      z.object({ count: z.number(), spec: z.array(z.record(z.string(), z.string())).nullable() }),
    )
    .nullable(),
  numa_topology: guestTopologySchema.nullish(),
  scheduler_hints: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
});

export type RecordedHost = z.output<typeof hostSchema>;
export type RecordedSpec = z.output<typeof specSchema>;

export function hostOf(recorded: RecordedHost): HostState {
  const { hypervisor_version: version, host_ip: address } = recorded;
  const cpuInfo = parsed(recorded.cpu_info);
  const bits = cpuSchema.safeParse(cpuInfo).data?.maxphysaddr.bits;
  const units = { reserved: 0, allocationRatio: 1, minUnit: 1, maxUnit: 1e9, stepSize: 1 };
  const { vcpus_total, cpu_allocation_ratio, free_ram_mb, free_disk_mb } = recorded;
  return {
    name: recorded.host,
    isUp: recorded.service.up,
    isDisabled: recorded.service.disabled,
    isIdentityKnown: true,
    node: "Offered",
    inventory: {
      VCPU: { ...units, total: vcpus_total, allocationRatio: cpu_allocation_ratio },
      MEMORY_MB: { ...units, total: free_ram_mb, allocationRatio: recorded.ram_allocation_ratio },
      DISK_GB: { ...units, total: free_disk_mb },
    },
    used: { VCPU: recorded.vcpus_used },
    aggregates: recorded.aggregates,
    servers: new Set(recorded.instances),
    imageProperties: Object.values(recorded.instance_image_props).map(texts),
    serverCount: recorded.num_instances,
    ioOperationCount: recorded.num_io_ops,
    failedBuildCount: recorded.failed_builds,
    ...(version !== null && { hypervisorVersion: version }),
    supportedGuests: (recorded.supported_instances ?? []).map(
      ([architecture, hypervisorType, vmMode]) => ({ architecture, hypervisorType, vmMode }),
    ),
    ...(bits !== undefined && { physicalAddressBits: bits }),
    ...(address !== null && { address }),
    capabilities: { ...recorded.all, cpu_info: (cpuInfo ?? null) as Capability },
    // Nova's metrics are whole numbers: it cuts off what is behind the point.
    metrics: Object.fromEntries(
      Object.entries(recorded.metrics ?? {}).map(([name, value]) => [name, Math.trunc(value)]),
    ),
    devices: (recorded.pci_pools ?? []).map(({ count, ...properties }) => ({
      count,
      properties: texts(properties),
    })),
    ...(recorded.numa_topology !== null && { cells: cellsOf(recorded.numa_topology) }),
  };
}

/** The request as it is put to one host after the other: members of the group are counted on `hosts`. */
export function requestOf(recorded: RecordedSpec, hosts: readonly RecordedHost[]): ScheduleRequest {
  const { instance_uuid: serverUid, project_id: namespace, flavor, image } = recorded;
  const { scheduler_hints: hints, instance_group: group } = recorded;
  const different = listOf(hints["different_host"]);
  const same = listOf(hints["same_host"]);
  const [near] = listOf(hints["build_near_host_ip"]);
  const [prefix = "/24"] = listOf(hints["cidr"]);
  return {
    serverUid,
    resources: {},
    refusedHosts: [],
    namespace,
    flavor: { name: flavor.name, extraSpecs: flavor.extra_specs },
    ...(image !== null && { image: { id: image.id, properties: texts(image.properties) } }),
    ...(group !== null && { group: groupOf(group, hosts) }),
    hints: {
      differentHost: different,
      sameHost: same,
      ...(near !== undefined && { hostNetwork: `${near}${prefix}` }),
    },
    devices: (recorded.pci_requests ?? []).map(({ count, spec }) => ({ count, anyOf: spec ?? [] })),
    ...(recorded.numa_topology != null && { topology: guestOf(recorded.numa_topology) }),
  };
}

const cpuSchema = z.object({ maxphysaddr: z.object({ bits: z.number() }) });

function groupOf(
  { policy, hosts: named, members, rules }: NonNullable<RecordedSpec["instance_group"]>,
  hosts: readonly RecordedHost[],
): GroupState {
  const counted = hosts
    .map(({ host, instances }) => [host, members.filter((one) => instances.includes(one)).length])
    .filter(([, count]) => count !== 0) as [string, number][];
  return {
    policy,
    topology: "Host",
    serversMax: rules?.["max_server_per_host"] ?? 1,
    // Nova tells the hosts of an affine group by themselves.
    members: new Map(policy === "affinity" ? named.map((host) => [host, 1]) : counted),
  };
}

/** The CPU's description may be text or not, and the text need not be JSON. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const known = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(known.map(([key, value]) => [key, String(value)]));
}

function listOf(hint: string | string[] | undefined): string[] {
  return hint === undefined ? [] : [hint].flat();
}
