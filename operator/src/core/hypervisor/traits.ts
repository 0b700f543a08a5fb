// SPDX-License-Identifier: Apache-2.0
import type { DomainCapabilities } from "./domain-capabilities.ts";
import type { CpuFacts } from "./facts.ts";
import type { VirtType } from "./virt-type.ts";

/** Standard trait by Linux's name of the CPU flag, where it is not HW_CPU_X86_ and the flag's name. */
const renamedFlags: Readonly<Record<string, readonly string[]>> = {
  "3dnow": ["3DNOW"],
  abm: ["ABM"],
  aes: ["AESNI"],
  avx512_bitalg: ["AVX512BITALG"],
  avx512_vbmi2: ["AVX512VBMI2"],
  avx512_vnni: ["AVX512VNNI"],
  avx512_vpopcntdq: ["AVX512VPOPCNTDQ"],
  bmi1: ["BMI"],
  fma: ["FMA3"],
  gfni: ["AVX512GFNI"],
  pclmulqdq: ["CLMUL"],
  pni: ["SSE3"],
  sha_ni: ["SHA"],
  sse4_1: ["SSE41"],
  sse4_2: ["SSE42"],
  svm: ["SVM", "AMD_SVM"],
  vaes: ["AVX512VAES"],
  vmx: ["VMX", "INTEL_VMX"],
  vpclmulqdq: ["AVX512VPCLMULQDQ"],
};

/** Flags whose trait is HW_CPU_X86_ and the flag's name in capitals. */
const plainFlags: ReadonlySet<string> = new Set([
  ...["mmx", "sse", "sse2", "ssse3", "sse4a", "avx", "avx2", "f16c", "fma4", "xop", "tbm", "bmi2"],
  ...["avx512f", "avx512cd", "avx512pf", "avx512er", "avx512vl", "avx512bw", "avx512dq"],
  ...["avx512vbmi", "avx512ifma", "pdpe1gb", "stibp"],
]);

/** What decides a host's traits. */
export interface TraitFacts {
  readonly cpu: Pick<CpuFacts, "arch" | "flags" | "hasHyperthreading">;
  readonly virtType: VirtType;
  readonly capabilities: DomainCapabilities;
}

/**
 * The host's traits, sorted, in the names of os-traits. Only what a server of this product can use is
 * told. CPU features count under KVM alone: under TCG a guest does not run on the host's CPU.
 * Source: nova-semantics 5.1. Differs: Nova reports firmware by no trait.
 */
export function traitsOf({ cpu, virtType, capabilities }: TraitFacts): string[] {
  const architecture = cpu.arch.toUpperCase();
  return [
    "COMPUTE_NODE",
    "COMPUTE_IMAGE_TYPE_QCOW2",
    "COMPUTE_IMAGE_TYPE_RAW",
    `HW_ARCH_${architecture}`,
    `COMPUTE_ARCH_${architecture}`,
    ...(capabilities.diskBuses.includes("virtio") ? ["COMPUTE_STORAGE_BUS_VIRTIO"] : []),
    // The firmware of QEMU's own, which every machine has.
    "COMPUTE_FIRMWARE_BIOS",
    ...(capabilities.firmware.includes("efi") ? ["COMPUTE_FIRMWARE_UEFI"] : []),
    ...(cpu.hasHyperthreading ? ["HW_CPU_HYPERTHREADING"] : []),
    ...(virtType === "kvm" ? cpuTraits(cpu.flags) : []),
  ].toSorted();
}

function cpuTraits(flags: readonly string[]): string[] {
  const names = flags.flatMap((flag) =>
    plainFlags.has(flag) ? [flag.toUpperCase()] : (renamedFlags[flag] ?? []),
  );
  return [...new Set(names)].map((name) => `HW_CPU_X86_${name}`);
}
