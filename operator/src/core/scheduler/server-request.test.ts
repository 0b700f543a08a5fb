// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aFlavor, anImage, aServer } from "../../testing/builders.ts";
import { type Source, takeSource } from "../guest/source.ts";
import { requestFor, resourcesOf } from "./server-request.ts";

function sourceOf(flavor = aFlavor(), image = anImage()): Source {
  const source = takeSource(aServer(), flavor, image);
  if (!source.ok) throw new Error(source.message);
  return source;
}

const uids: Readonly<Record<string, string>> = { db: "uid-of-db" };

function ask(source = sourceOf(), server = aServer()) {
  const uidOfServer = (name: string): string | undefined => uids[name];
  return requestFor({ server, source, overheadMib: 160, refusedHosts: ["node-9"], uidOfServer });
}

function requestOf(...parts: Parameters<typeof ask>) {
  const asked = ask(...parts);
  if (!asked.ok) throw new Error(asked.message);
  return asked.request;
}

const withSpecs = (extraSpecs: Record<string, string>, properties: Record<string, string> = {}) =>
  sourceOf(aFlavor({ spec: { extraSpecs } }), anImage({ spec: { properties } }));

describe("what a server takes of its host", () => {
  test("is its vCPUs, its memory with what its processes need beside, and its root disk", () => {
    expect(resourcesOf(sourceOf(), 160)).toEqual({ VCPU: 2, MEMORY_MB: 1184, DISK_GB: 10 });
  });

  test("is the image's least size for a root disk of 0, and leaves out what is 0", () => {
    const flavor = aFlavor({ spec: { rootDiskGib: 0 } });
    const large = sourceOf(flavor, anImage({ spec: { minDiskGib: 4 } }));
    expect(resourcesOf(large, 0)).toEqual({ VCPU: 2, MEMORY_MB: 1024, DISK_GB: 4 });
    expect(resourcesOf(sourceOf(flavor), 0)).toEqual({ VCPU: 2, MEMORY_MB: 1024 });
  });

  test("are host CPUs of their own for guest CPUs that are dedicated, and one for QEMU", () => {
    const cells = [{ sharedCpus: [0], dedicatedCpus: [1], memoryMib: 1024 }];
    expect(resourcesOf(sourceOf(), 0, { cells })).toMatchObject({ VCPU: 1, PCPU: 1 });
    const isolated = { cells, emulatorThreads: "isolate" } as const;
    expect(resourcesOf(sourceOf(), 0, isolated)).toMatchObject({ VCPU: 1, PCPU: 2 });
    const all = { cells: [{ sharedCpus: [], dedicatedCpus: [0, 1], memoryMib: 1024 }] };
    expect(resourcesOf(sourceOf(), 0, all)).toEqual({ PCPU: 2, MEMORY_MB: 1024, DISK_GB: 10 });
  });
});

describe("what the scheduler is asked for a server", () => {
  test("names the tenant, the flavor, the image and the hosts that refused", () => {
    expect(requestOf()).toMatchObject({
      serverUid: "5e12e12e-0000-4000-8000-000000000001",
      resources: { VCPU: 2, MEMORY_MB: 1184, DISK_GB: 10 },
      refusedHosts: ["node-9"],
      namespace: "team",
      flavor: { name: "m1.small", extraSpecs: {} },
      image: { id: "1a9e0000-0000-4000-8000-000000000001", properties: {} },
      traits: { preferred: [], avoided: [] },
    });
  });

  test("adds the groups of the flavor up, and replaces what it says otherwise", () => {
    const extraSpecs = {
      "resources:VCPU": "3",
      "resources:DISK_GB": "0",
      "resources_A:CUSTOM_FPGA": "1",
      "resources_B:CUSTOM_FPGA": "2",
      group_policy: "isolate",
    };
    const request = requestOf(withSpecs(extraSpecs));
    expect(request.resources).toEqual({ VCPU: 3, MEMORY_MB: 1184, CUSTOM_FPGA: 3 });
    expect(request.placement).toMatchObject({ groupPolicy: "isolate" });
    expect(request.placement?.groups.map(({ suffix }) => suffix)).toEqual(["", "_A", "_B"]);
  });

  test("requires what flavor, image and the guest's hardware require", () => {
    const image = { "trait:CUSTOM_B": "required", hw_firmware_type: "uefi" };
    const { placement } = requestOf(withSpecs({ "trait:CUSTOM_A": "required" }, image));
    expect(placement?.groups[0]?.required).toEqual([
      ["CUSTOM_A"],
      ["CUSTOM_B"],
      ["COMPUTE_FIRMWARE_UEFI"],
    ]);
  });

  test("keeps apart what is only wished for", () => {
    const { traits } = requestOf(withSpecs({ "trait:CUSTOM_A": "avoided" }));
    expect(traits).toEqual({ preferred: [], avoided: ["CUSTOM_A"] });
  });

  test("has the hints of the server, with the uids of the servers that they name", () => {
    const schedulerHints = {
      sameHost: ["db", "gone"],
      differentHost: ["db", "gone"],
      hostNetwork: "10.0.0.0/8",
      nodeSelector: { matchLabels: { rack: "a" } },
    };
    const spec = { schedulerHints, availabilityZone: "east" };
    expect(requestOf(sourceOf(), aServer({ spec }))).toMatchObject({
      zone: "east",
      hints: {
        // One that is not there is nowhere: no host has it.
        sameHost: ["uid-of-db", "gone"],
        differentHost: ["uid-of-db"],
        hostNetwork: "10.0.0.0/8",
        nodeSelector: { matchLabels: { rack: "a" } },
      },
    });
  });
});
