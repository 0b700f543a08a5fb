// SPDX-License-Identifier: Apache-2.0
import { apiVersion, type ObjectMeta } from "../api/define-kind.ts";
import {
  kinds,
  type Flavor,
  type Guest,
  type HostAggregate,
  type Hypervisor,
  type Image,
  type Server,
  type ServerGroup,
} from "../api/kinds.ts";
import type { NodeFacts } from "../core/hypervisor/facts.ts";

/** A change to a builder's object: only the members that the test is about. */
interface Change<Spec, Status> {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: Partial<Spec>;
  readonly status?: Status;
}

type SpecOf<T> = T extends { readonly spec: infer Spec } ? Spec : never;
type StatusOf<T> = T extends { readonly status?: infer Status } ? NonNullable<Status> : never;
type ChangeOf<T> = Change<SpecOf<T>, StatusOf<T>>;

const createdTime = "2026-01-01T00:00:00Z";
const checksum = `sha256:${"0".repeat(64)}`;

function metadata(name: string, uid: string, change: Partial<ObjectMeta> = {}): ObjectMeta {
  const first = { resourceVersion: "1", generation: 1, creationTimestamp: createdTime };
  return { name, uid, ...first, ...change };
}

export function aServer({ metadata: meta, spec, status }: ChangeOf<Server> = {}): Server {
  return {
    apiVersion,
    kind: kinds.server.kind,
    metadata: metadata("web", "5e12e12e-0000-4000-8000-000000000001", {
      namespace: "team",
      ...meta,
    }),
    spec: {
      flavor: "m1.small",
      image: { name: "debian" },
      powerState: "Running",
      onGuestShutdown: "Stop",
      onCrash: "Stop",
      configDrive: "ISO9660",
      ...spec,
    },
    ...(status !== undefined && { status }),
  };
}

export function aFlavor({ metadata: meta, spec }: ChangeOf<Flavor> = {}): Flavor {
  return {
    apiVersion,
    kind: kinds.flavor.kind,
    metadata: metadata("m1.small", "f1a70000-0000-4000-8000-000000000001", meta),
    spec: { vcpus: 2, memoryMib: 1024, rootDiskGib: 10, isDisabled: false, ...spec },
  };
}

export function anImage({ metadata: meta, spec }: ChangeOf<Image> = {}): Image {
  return {
    apiVersion,
    kind: kinds.image.kind,
    metadata: metadata("debian", "1a9e0000-0000-4000-8000-000000000001", {
      namespace: "team",
      ...meta,
    }),
    spec: {
      source: { http: { url: "http://images.example.org/debian.qcow2", checksum } },
      format: "qcow2",
      minDiskGib: 0,
      minMemoryMib: 0,
      ...spec,
    },
  };
}

/** A host with 8 CPUs at ratio 4, 16 GiB of memory and 100 GiB of disk. */
export function aHypervisor({ metadata: meta, spec, status }: ChangeOf<Hypervisor> = {}) {
  const units = { reserved: 0, allocationRatio: 1, minUnit: 1, stepSize: 1 };
  const hypervisor: Hypervisor = {
    apiVersion,
    kind: kinds.hypervisor.kind,
    metadata: metadata("node-1", "49ba0000-0000-4000-8000-000000000001", meta),
    spec: { isDisabled: false, virtType: "auto", ...spec },
    status: {
      state: "up",
      virtType: "kvm",
      inventory: {
        VCPU: { ...units, total: 8, allocationRatio: 4, maxUnit: 8 },
        MEMORY_MB: { ...units, total: 16_384, maxUnit: 16_384 },
        DISK_GB: { ...units, total: 100, maxUnit: 100 },
      },
      ...status,
    },
  };
  return hypervisor;
}

export function anAggregate(name: string, spec: HostAggregate["spec"]): HostAggregate {
  return {
    apiVersion,
    kind: kinds.hostAggregate.kind,
    metadata: metadata(name, `a9900000-${name}`),
    spec,
  };
}

export function aServerGroup(spec: Partial<ServerGroup["spec"]> = {}): ServerGroup {
  return {
    apiVersion,
    kind: kinds.serverGroup.kind,
    metadata: metadata("web", "6700b000-0000-4000-8000-000000000001", { namespace: "team" }),
    spec: { policy: "anti-affinity", topology: "Host", ...spec },
  };
}

export function aGuest({ metadata: meta, spec, status }: ChangeOf<Guest> = {}): Guest {
  return {
    apiVersion,
    kind: kinds.guest.kind,
    metadata: metadata("web-5e12e-1", "90e50000-0000-4000-8000-000000000001", {
      namespace: "team",
      ...meta,
    }),
    spec: {
      server: { name: "web", uid: "5e12e12e-0000-4000-8000-000000000001" },
      host: "node-1",
      token: 1,
      runState: "Running",
      boot: 1,
      disks: "Destroy",
      domain: {
        uuid: "5e12e12e-0000-4000-8000-000000000001",
        hostname: "web",
        vcpus: 2,
        memoryMib: 1024,
        firmware: "bios",
        hasRng: true,
        hasGuestAgent: false,
        networks: [{ name: "default", mac: "fa:00:00:00:00:01", pod: { address: "10.0.2.2" } }],
        machine: {},
      },
      uid: 1_000_700_000,
      image: {
        http: { url: "http://images.example.org/debian.qcow2", checksum },
        format: "qcow2",
      },
      rootDiskGib: 10,
      resources: { VCPU: 2, MEMORY_MB: 1184, DISK_GB: 10 },
      shutdown: { timeoutSeconds: 60, retryIntervalSeconds: 10 },
      ...spec,
    },
    ...(status !== undefined && { status }),
  };
}

/** What an agent finds on a node of two processors. */
export function someNodeFacts(): NodeFacts {
  return {
    bootId: "boot-1",
    kernel: "6.18.0",
    cpu: {
      arch: "x86_64",
      model: "EPYC",
      vendor: "AuthenticAMD",
      cpus: 2,
      flags: ["avx"],
      hasHyperthreading: false,
    },
    numaCells: [{ id: 0, cpus: "0-1", memoryMib: 24_103 }],
    memoryMib: 24_103,
    diskGib: 200,
  };
}
