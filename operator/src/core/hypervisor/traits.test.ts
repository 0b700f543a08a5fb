// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readDomainCapabilities } from "./domain-capabilities.ts";
import { traitsOf } from "./traits.ts";

const cpu = {
  arch: "x86_64",
  flags: ["fpu", "sse4_1", "aes", "avx2", "vmx", "pni", "constant_tsc"],
  hasHyperthreading: true,
};
const capabilities = { firmware: ["efi"], diskBuses: ["virtio", "sata"] };

describe("a host's traits", () => {
  test("name the CPU's features under KVM, in Placement's spelling", () => {
    const traits = traitsOf({ cpu, virtType: "kvm", capabilities });
    expect(traits).toEqual(
      expect.arrayContaining([
        "HW_CPU_X86_SSE41",
        "HW_CPU_X86_AESNI",
        "HW_CPU_X86_AVX2",
        "HW_CPU_X86_VMX",
        "HW_CPU_X86_INTEL_VMX",
        "HW_CPU_X86_SSE3",
      ]),
    );
    expect(traits.join()).not.toMatch(/FPU|TSC/);
    expect(traits).toEqual(traits.toSorted());
  });

  test("name no CPU feature under TCG, because guests do not run on that CPU", () => {
    const traits = traitsOf({ cpu, virtType: "qemu", capabilities });
    expect(traits.join()).not.toContain("HW_CPU_X86");
    expect(traits).toContain("HW_ARCH_X86_64");
    expect(traits).toContain("HW_CPU_HYPERTHREADING");
  });

  test("name what libvirt can give to a domain, and nothing that it cannot", () => {
    expect(traitsOf({ cpu, virtType: "qemu", capabilities })).toEqual(
      expect.arrayContaining(["COMPUTE_FIRMWARE_UEFI", "COMPUTE_STORAGE_BUS_VIRTIO"]),
    );
    const nothing = { firmware: [], diskBuses: [] };
    const traits = traitsOf({ cpu, virtType: "qemu", capabilities: nothing });
    expect(traits).not.toContain("COMPUTE_FIRMWARE_UEFI");
    expect(traits).not.toContain("COMPUTE_STORAGE_BUS_VIRTIO");
    expect(traits).toContain("COMPUTE_FIRMWARE_BIOS");
  });
});

describe("domain capabilities", () => {
  const xml = `<domainCapabilities>
    <os supported='yes'>
      <enum name='firmware'><value>bios</value><value>efi</value></enum>
      <loader supported='yes'><enum name='type'><value>rom</value></enum></loader>
    </os>
    <devices>
      <disk supported='yes'>
        <enum name='diskDevice'><value>disk</value></enum>
        <enum name='bus'><value>fdc</value><value>virtio</value></enum>
      </disk>
    </devices></domainCapabilities>`;

  test("tell firmware and disk buses", () => {
    expect(readDomainCapabilities(xml)).toEqual({
      firmware: ["bios", "efi"],
      diskBuses: ["fdc", "virtio"],
    });
  });

  test("tell nothing of what is not supported, is cut off or is no XML", () => {
    const nothing = { firmware: [], diskBuses: [] };
    expect(readDomainCapabilities(xml.replaceAll("'yes'", "'no'"))).toEqual(nothing);
    expect(readDomainCapabilities(xml.slice(0, 60))).toEqual(nothing);
    expect(readDomainCapabilities("\0<os <os <os")).toEqual(nothing);
  });
});
