// SPDX-License-Identifier: Apache-2.0
import type { Reason } from "../../api/conditions.ts";
import type { HypervisorSpec, HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";

export type VirtType = NonNullable<HypervisorStatus["virtType"]>;

/** How a probe guest ended. `message` says what QEMU said when it did not run. */
export interface ProbeResult {
  readonly isProven: boolean;
  readonly message: string;
}

/** What was tried. A virtualization type that was not asked for was not tried. */
export interface Probes {
  readonly hasKvmDevice: boolean;
  readonly kvm?: ProbeResult | undefined;
  readonly qemu?: ProbeResult | undefined;
}

/** What the host offers, and why; `virtType` is absent when nothing is proven. */
export interface VirtTypeVerdict {
  readonly virtType?: VirtType;
  readonly reason: Reason;
  readonly message: string;
}

/**
 * Which type has to be tried next for what the administrator asks for; undefined when there is enough
 * to judge by. KVM first: where it works, TCG is not of interest.
 */
export function nextProbe(
  asked: HypervisorSpec["virtType"],
  { hasKvmDevice, kvm, qemu }: Probes,
): VirtType | undefined {
  if (asked !== "qemu") {
    if (hasKvmDevice && kvm === undefined) return "kvm";
    if (kvm?.isProven === true || asked === "kvm") return undefined;
  }
  return qemu === undefined ? "qemu" : undefined;
}

/**
 * Judges the probes. Only a type that a probe guest ran under is offered: a /dev/kvm that is there may
 * still hang every guest. Differs: Nova trusts its option virt_type.
 */
export function judgeProbes(asked: HypervisorSpec["virtType"], probes: Probes): VirtTypeVerdict {
  if (asked !== "qemu" && probes.kvm?.isProven === true) {
    return { virtType: "kvm", reason: "Proven", message: "A probe guest ran under KVM." };
  }
  if (asked === "kvm") {
    const cure = "Repair KVM, or set spec.virtType to auto.";
    return {
      reason: "KvmRequired",
      message: `spec.virtType is kvm, but ${whyNotKvm(probes)}. ${cure}`,
    };
  }
  if (probes.qemu?.isProven !== true) {
    const said = probes.qemu?.message ?? "not tried";
    return { reason: "ProbeFailed", message: `A probe guest did not run under TCG: ${said}.` };
  }
  return { virtType: "qemu", ...whyQemu(asked, probes) };
}

function whyQemu(
  asked: "auto" | "qemu",
  probes: Probes,
): Pick<VirtTypeVerdict, "reason" | "message"> {
  const consequence = "guests run under TCG, which is slow";
  if (asked === "qemu") {
    return { reason: "ChosenByAdministrator", message: `spec.virtType is qemu: ${consequence}.` };
  }
  const reason = probes.hasKvmDevice ? "KvmProbeFailed" : "KvmAbsent";
  return { reason, message: `For want of KVM ${consequence}: ${whyNotKvm(probes)}.` };
}

function whyNotKvm({ hasKvmDevice, kvm }: Probes): string {
  if (!hasKvmDevice) return "the node has no /dev/kvm";
  return `a probe guest did not run under it (${kvm?.message ?? "not tried"})`;
}
