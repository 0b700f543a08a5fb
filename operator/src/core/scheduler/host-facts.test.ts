// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aHypervisor } from "../../testing/builders.ts";
import { guestFacts, reportedFacts } from "./host-facts.ts";
import { Membership } from "./membership.ts";

const versions = { agent: "1", libvirt: "11.3.0", qemu: "10.0.8", kernel: "6", guestImage: "g" };
const cpu = { arch: "x86_64", model: "EPYC", vendor: "AMD", cpus: 8 };
const none = new Membership([]);
const node = {
  state: "Offered" as const,
  labels: { "topology.kubernetes.io/zone": "east" },
  address: "10.0.0.7",
};

describe("what is known of a host", () => {
  test("is what its agent and its Node say", () => {
    const status = { versions, cpu, traits: ["CUSTOM_A"], virtType: "kvm" as const };
    expect(reportedFacts(aHypervisor({ status }), node, none)).toMatchObject({
      traits: new Set(["CUSTOM_A"]),
      labels: node.labels,
      zone: "east",
      address: "10.0.0.7",
      hypervisorVersion: 10_000_008,
      supportedGuests: [
        { architecture: "x86_64", hypervisorType: "kvm", vmMode: "hvm" },
        { architecture: "x86_64", hypervisorType: "qemu", vmMode: "hvm" },
      ],
      capabilities: {
        hypervisor_type: "QEMU",
        vcpus_total: 8,
        cpu_info: { arch: "x86_64", model: "EPYC", vendor: "AMD" },
      },
    });
  });

  test("is little of one that has not reported", () => {
    const { status: _, ...bare } = aHypervisor();
    const facts = reportedFacts(bare, undefined, none);
    expect(facts).not.toHaveProperty("traits");
    expect(facts).not.toHaveProperty("hypervisorVersion");
    expect(facts).not.toHaveProperty("zone");
  });

  test("counts each server once, and those that are built or failed", () => {
    const holder = (serverUid: string, isBuilding = false, hasFailed = false) => ({
      host: "node-1",
      resources: {},
      holder: { serverUid, isBuilding, hasFailed, imageProperties: { os_type: serverUid } },
    });
    expect(
      guestFacts([holder("a"), holder("a"), holder("b", true), holder("c", false, true)]),
    ).toMatchObject({
      servers: new Set(["a", "b", "c"]),
      serverCount: 3,
      ioOperationCount: 1,
      failedBuildCount: 1,
      imageProperties: [{ os_type: "a" }, { os_type: "b" }, { os_type: "c" }],
    });
  });
});
