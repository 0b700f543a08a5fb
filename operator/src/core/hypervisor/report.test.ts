// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { hypervisorStatusSchema } from "../../api/v1alpha1/hypervisor.ts";
import { someNodeFacts } from "../../testing/builders.ts";
import { type HypervisorObservation, isReportDue, reportOf } from "./report.ts";

const observation: HypervisorObservation = {
  spec: { isDisabled: false, virtType: "auto" },
  generation: 3,
  uuid: "6b1cbd6d-3f0a-4a5e-9c0e-2c1a7d1f0b11",
  nodeUid: "2a6e1c1e-8a53-4f3a-8b0e-1d6f0c1f2a33",
  facts: someNodeFacts(),
  versions: {
    agent: "0.1.0",
    libvirt: "11.3.0",
    qemu: "10.0.13",
    kernel: "6.18.0",
    guestImage: "sha256:1",
  },
  verdict: { virtType: "qemu", reason: "KvmAbsent", message: "Guests run under TCG." },
  capabilities: { firmware: ["efi"], diskBuses: ["virtio"] },
  allocatableBytes: 6 * 2 ** 30,
  otherPodsBytes: 0,
  orphans: [],
  now: "2026-01-01T00:00:00Z",
};

describe("the report of a host", () => {
  test("fits the API", () => {
    const report = reportOf(observation, undefined);
    expect(hypervisorStatusSchema.parse(report)).toEqual(report);
    expect(report.virtType).toBe("qemu");
    expect(report.inventory?.["VCPU"]?.total).toBe(2);
    expect(report.conditions?.[0]).toMatchObject({ type: "VirtTypeProven", status: "True" });
  });

  test("offers nothing while no virtualization type is proven", () => {
    const verdict = { reason: "KvmRequired", message: "Repair KVM." } as const;
    const report = reportOf({ ...observation, verdict }, undefined);
    expect(report).not.toHaveProperty("virtType");
    expect(report).not.toHaveProperty("inventory");
    expect(report).not.toHaveProperty("traits");
    expect(report.conditions?.[0]).toMatchObject({ status: "False", reason: "KvmRequired" });
  });

  test("has the traits that the administrator gives beside those that are found, once each", () => {
    const provider = { traits: ["CUSTOM_FAST", "COMPUTE_NODE"] };
    const { traits = [] } = reportOf(
      { ...observation, spec: { ...observation.spec, provider } },
      undefined,
    );
    expect(traits).toContain("CUSTOM_FAST");
    expect(traits.filter((name) => name === "COMPUTE_NODE")).toHaveLength(1);
    expect(reportOf(observation, undefined).traits).not.toContain("CUSTOM_FAST");
  });

  test("is not due for what an operator of a later release says", () => {
    const report = reportOf(observation, undefined);
    expect(isReportDue(report, { ...report, tide: "high" } as typeof report)).toBe(false);
  });

  test("is due once, and again only when something changed", () => {
    const report = reportOf(observation, undefined);
    expect(isReportDue(report, undefined)).toBe(true);
    const later = { ...observation, now: "2026-01-02T00:00:00Z" };
    expect(isReportDue(reportOf(later, report), report)).toBe(false);
    const fuller = { ...later, otherPodsBytes: 2 ** 30 };
    expect(isReportDue(reportOf(fuller, report), report)).toBe(true);
  });

  test("is not due because of what the operator wrote beside it", () => {
    const report = reportOf(observation, undefined);
    const status = {
      ...report,
      state: "up" as const,
      usage: { servers: 1, vcpus: "1/8", memory: "1/2", disk: "0/1" },
      identity: { uuid: observation.uuid, nodeUid: observation.nodeUid },
      conditions: [
        {
          type: "Up",
          status: "True" as const,
          reason: "HeartbeatFresh",
          message: "",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
        ...(report.conditions ?? []),
      ],
    };
    expect(isReportDue(reportOf(observation, status), status)).toBe(false);
  });

  test("is due when the offer has to be withdrawn", () => {
    const status = reportOf(observation, undefined);
    const verdict = { reason: "ProbeFailed", message: "QEMU died." } as const;
    expect(isReportDue(reportOf({ ...observation, verdict }, status), status)).toBe(true);
  });
});
