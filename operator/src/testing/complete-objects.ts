// SPDX-License-Identifier: Apache-2.0
import { apiVersion, type KubeObject } from "../api/define-kind.ts";
import { kinds } from "../api/kinds.ts";

const httpHeaders = [{ name: "Host", value: "web.example.org" }];
const probeTimes = {
  initialDelaySeconds: 5,
  periodSeconds: 3,
  timeoutSeconds: 2,
  successThreshold: 2,
  failureThreshold: 4,
};
const mac = "fa:00:00:00:00:01";
const uuid = "0f0e0d0c-0b0a-4908-8706-050403020100";
const time = "2026-01-02T03:04:05Z";
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const http = { url: "https://images.example.org/debian.qcow2", checksum: digest };

const secret = { name: "web-secrets", key: "key" };

const machine = {
  type: "pc-q35-10.0",
  cpuModel: "host-model",
  virtType: "qemu",
  firmware: "uefi",
  guestImage: "kilonova-guest:1",
  uid: 1_000_700_000,
};

const condition = {
  type: "Ready",
  status: "True",
  reason: "AsDesired",
  message: "The guest runs.",
  lastTransitionTime: time,
  observedGeneration: 3,
};

const inventory = {
  total: 8,
  reserved: 1,
  allocationRatio: 4,
  minUnit: 1,
  maxUnit: 8,
  stepSize: 1,
};

/**
 * One object of each kind in which every field is set, in spec and in status, but those that
 * {@link alternativeFields} sets instead of others.
 */
export const completeObjects = {
  server: complete("server", {
    spec: {
      flavor: "m1.small",
      image: { name: "debian-13" },
      uuid,
      powerState: "Stopped",
      onGuestShutdown: "Restart",
      onCrash: "Restart",
      hostname: "Web-1.example.org",
      sshKeys: [{ value: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me" }],
      userData: { value: "#cloud-config" },
      configDrive: "VFAT",
      availabilityZone: "east",
      serverGroup: "web",
      schedulerHints: {
        sameHost: ["db-1"],
        differentHost: ["db-2"],
        nodeSelector: {
          matchLabels: { "example.org/rack": "a" },
          matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }],
        },
        hostNetwork: "10.0.0.0/8",
      },
      networks: [{ name: "default", tag: "front", mac, pod: { address: "10.0.2.2" } }],
      readinessProbe: { exec: { command: ["/usr/bin/check", "a b"] }, ...probeTimes },
      metadata: { "ha:priority": "10" },
    },
    status: {
      addresses: [{ network: "default", address: "10.1.2.3", type: "floating", mac }],
      observedGeneration: 3,
      phase: "ACTIVE",
      taskState: "powering-off",
      powerState: "RUNNING",
      powerStateApplied: "Running",
      stoppedBy: "User",
      fault: { reason: "StartFailed", message: "No such machine.", time },
      run: { token: 2, guest: "web-12345-2", host: "node-1", state: "Granted", evidence: "none" },
      hypervisor: "node-1",
      podName: "web-12345-2",
      availabilityZone: "east",
      pinnedAvailabilityZone: "east",
      hostname: "web-1",
      flavor: {
        name: "m1.small",
        uid: uuid,
        vcpus: 1,
        memoryMib: 512,
        rootDiskGib: 1,
        extraSpecs: { "hw:cpu_policy": "shared" },
      },
      image: {
        name: "debian-13",
        uid: uuid,
        http,
        format: "qcow2",
        minDiskGib: 1,
        minMemoryMib: 64,
        properties: { hw_firmware_type: "uefi" },
      },
      machine,
      allocation: { VCPU: 1 },
      decision: { host: "node-1", considered: 3, excluded: { capacity: 2 }, weights: { ram: 0.5 } },
      refusedHosts: ["node-2"],
      lastApplied: {
        flavor: { value: "m1.small", uid: uuid, generation: 1, outcome: "Applied" },
        image: { value: "debian-13", uid: uuid, generation: 1, outcome: "Refused" },
      },
      timings: { createdTime: time, startedTime: time },
      conditions: [condition],
    },
  }),
  flavor: complete("flavor", {
    spec: {
      vcpus: 2,
      memoryMib: 2048,
      rootDiskGib: 20,
      description: "Small.",
      isDisabled: true,
      access: { namespaces: ["team-a", "team-b"] },
      extraSpecs: { "hw:cpu_policy": "shared", "trait:HW_CPU_X86_AVX": "required" },
    },
    status: {
      observedGeneration: 1,
      candidates: 2,
      excluded: { "is down": 1 },
      conditions: [condition],
    },
  }),
  serverGroup: complete("serverGroup", {
    spec: { policy: "anti-affinity", topology: "Zone", maxServersPerHost: 2 },
    status: {
      observedGeneration: 1,
      memberCount: 1,
      members: ["web-1"],
      spread: { east: 1 },
      violations: [{ place: "east", message: "Too many.", servers: ["web-1"] }],
      conditions: [condition],
    },
  }),
  hostAggregate: complete("hostAggregate", {
    spec: {
      nodeSelector: {
        matchLabels: { "example.org/rack": "a" },
        matchExpressions: [{ key: "disk", operator: "NotIn", values: ["hdd"] }],
      },
      availabilityZone: "east",
      metadata: { instance_type: "m1.small,m1.large" },
      traits: ["CUSTOM_RACK_A"],
    },
    status: {
      observedGeneration: 1,
      hostCount: 1,
      hosts: ["node-1"],
      conditions: [condition],
    },
  }),
  image: complete("image", {
    spec: {
      source: { http },
      format: "raw",
      minDiskGib: 2,
      minMemoryMib: 128,
      properties: { hw_firmware_type: "uefi" },
    },
    status: { observedGeneration: 1 },
  }),
  hypervisor: complete("hypervisor", {
    spec: {
      isDisabled: true,
      disabledReason: "A fan is broken.",
      acknowledgedUuid: uuid,
      provider: { inventories: { CUSTOM_LICENSE: inventory }, traits: ["CUSTOM_FAST"] },
      allocationRatios: { VCPU: 4, MEMORY_MB: 1.5, DISK_GB: 0.9 },
      reserved: { VCPU: 1, MEMORY_MB: 512, DISK_GB: 10 },
      virtType: "qemu",
    },
    status: {
      observedGeneration: 1,
      state: "up",
      uuid,
      nodeUid: uuid,
      identity: { uuid, nodeUid: uuid },
      bootId: uuid,
      versions: {
        agent: "0.1.0",
        libvirt: "11.3.0",
        qemu: "10.0.2",
        kernel: "6.12.0",
        guestImage: "kilonova-guest:1",
      },
      virtType: "qemu",
      cpu: { arch: "x86_64", model: "Some CPU", vendor: "Some vendor", cpus: 8 },
      numaCells: [{ id: 0, cpus: "0-7", memoryMib: 16_384 }],
      memoryMib: 16_384,
      diskGib: 100,
      inventory: { VCPU: inventory },
      traits: ["HW_CPU_X86_AVX", "COMPUTE_NODE"],
      usage: { servers: 1, vcpus: "1/28", memory: "512/15872", disk: "1/90" },
      orphans: [{ serverUid: uuid, token: 1, since: time }],
      conditions: [condition],
    },
  }),
  guest: complete("guest", {
    spec: {
      server: { name: "web", uid: uuid },
      host: "node-1",
      token: 2,
      runState: "Running",
      boot: 1,
      disks: "Destroy",
      domain: {
        uuid,
        hostname: "web-1",
        vcpus: 1,
        memoryMib: 512,
        firmware: "uefi",
        hasRng: true,
        hasGuestAgent: true,
        networkQueues: 2,
        configDrive: "vfat",
        networks: [{ name: "default", tag: "front", mac, pod: { address: "10.0.2.2" } }],
        machine,
      },
      uid: 1_000_700_000,
      image: { http, format: "qcow2" },
      rootDiskGib: 1,
      resources: { VCPU: 1 },
      group: {
        name: "web",
        rule: { policy: "anti-affinity", topology: "Host", place: "node-1", serversMax: 1 },
      },
      shutdown: { timeoutSeconds: 60, retryIntervalSeconds: 10 },
    },
    status: {
      observedGeneration: 1,
      claim: { state: "Accepted", reason: "Fits", message: "It fits." },
      step: "Starting",
      domain: "Running",
      boot: 1,
      stoppedBy: "Host",
      isReleased: false,
      startedTime: time,
      bootId: uuid,
      machine,
      networks: [
        {
          name: "default",
          mac,
          mtu: 1450,
          networkMtu: 1400,
          addresses: ["10.0.2.2"],
          reachedAt: ["10.1.2.3"],
        },
      ],
      imageDigest: digest,
      error: { reason: "StartFailed", message: "No such machine.", time },
      conditions: [condition],
    },
  }),
} as const;

const attachment = { name: "lan", address: "192.0.2.7/24" };
const attached = { name: "lan", tag: "storage", mac, networkAttachment: attachment };

/** Values of fields that take the place of what a complete object has there. */
export const alternativeFields: Readonly<
  Partial<Record<keyof typeof kinds, readonly (readonly [path: readonly string[], to: unknown])[]>>
> = {
  server: [
    [["spec", "sshKeys"], [{ secret }]],
    [["spec", "userData"], { secret }],
    [["spec", "networks"], [attached]],
    [["spec", "readinessProbe"], { tcpSocket: { port: 22 }, ...probeTimes }],
    [["spec", "readinessProbe"], { guestAgentPing: {}, ...probeTimes }],
    [
      ["spec", "readinessProbe"],
      { httpGet: { port: 80, path: "/up", httpHeaders }, ...probeTimes },
    ],
  ],
  guest: [[["spec", "domain", "networks"], [attached]]],
};

/** An object as one to be made under another name: without a status. */
export function renamed(object: KubeObject, name: string, metadata: object = {}): KubeObject {
  const { kind, spec } = object;
  return { apiVersion, kind, metadata: { name, ...metadata }, spec };
}

function complete(
  name: keyof typeof kinds,
  parts: { readonly spec: object; readonly status: object },
): Required<KubeObject> {
  const { kind, scope } = kinds[name];
  const namespace = scope === "Namespaced" ? { namespace: "default" } : {};
  return { apiVersion, kind, metadata: { name: "complete", ...namespace }, ...parts };
}
