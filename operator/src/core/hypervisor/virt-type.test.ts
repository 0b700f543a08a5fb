// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { judgeProbes, nextProbe } from "./virt-type.ts";

const ran = { isProven: true, message: "" };
const hung = { isProven: false, message: "used up its CPU time" };

describe("the virtualization type", () => {
  test("is kvm where a probe guest ran under it", () => {
    const probes = { hasKvmDevice: true, kvm: ran, qemu: ran };
    expect(judgeProbes("auto", probes)).toMatchObject({ virtType: "kvm", reason: "Proven" });
    expect(judgeProbes("kvm", probes)).toMatchObject({ virtType: "kvm", reason: "Proven" });
  });

  test("falls back to qemu and says why", () => {
    expect(judgeProbes("auto", { hasKvmDevice: false, qemu: ran })).toMatchObject({
      virtType: "qemu",
      reason: "KvmAbsent",
    });
    const verdict = judgeProbes("auto", { hasKvmDevice: true, kvm: hung, qemu: ran });
    expect(verdict).toMatchObject({ virtType: "qemu", reason: "KvmProbeFailed" });
    expect(verdict.message).toContain("used up its CPU time");
  });

  test("is not offered when kvm is required and did not prove itself, whatever TCG does", () => {
    for (const probes of [{ hasKvmDevice: false }, { hasKvmDevice: true, kvm: hung, qemu: ran }]) {
      const verdict = judgeProbes("kvm", probes);
      expect(verdict.reason).toBe("KvmRequired");
      expect(verdict).not.toHaveProperty("virtType");
    }
  });

  test("is qemu when the administrator chose it, but only proven", () => {
    expect(judgeProbes("qemu", { hasKvmDevice: true, qemu: ran })).toMatchObject({
      virtType: "qemu",
      reason: "ChosenByAdministrator",
    });
    expect(judgeProbes("qemu", { hasKvmDevice: true, kvm: ran, qemu: hung })).toMatchObject({
      reason: "ProbeFailed",
    });
  });

  test("is unknown as long as nothing was tried", () => {
    for (const asked of ["auto", "kvm", "qemu"] as const) {
      expect(judgeProbes(asked, { hasKvmDevice: true })).not.toHaveProperty("virtType");
    }
  });

  test("is probed for only as far as the answer can matter, KVM first", () => {
    expect(nextProbe("auto", { hasKvmDevice: true })).toBe("kvm");
    expect(nextProbe("auto", { hasKvmDevice: true, kvm: ran })).toBeUndefined();
    expect(nextProbe("auto", { hasKvmDevice: true, kvm: hung })).toBe("qemu");
    expect(nextProbe("auto", { hasKvmDevice: true, kvm: hung, qemu: ran })).toBeUndefined();
    expect(nextProbe("auto", { hasKvmDevice: false })).toBe("qemu");
    expect(nextProbe("kvm", { hasKvmDevice: true })).toBe("kvm");
    expect(nextProbe("kvm", { hasKvmDevice: true, kvm: hung })).toBeUndefined();
    expect(nextProbe("kvm", { hasKvmDevice: false })).toBeUndefined();
    expect(nextProbe("qemu", { hasKvmDevice: true })).toBe("qemu");
    expect(nextProbe("qemu", { hasKvmDevice: true, qemu: hung })).toBeUndefined();
  });
});
