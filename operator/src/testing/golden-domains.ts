// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../api/kinds.ts";
import type { DomainModel } from "../api/v1alpha1/guest.ts";
import { aGuest } from "./builders.ts";

/** A guest whose domain is kept as a file, and which a real libvirtd is asked to take. */
interface GoldenDomain {
  /** Of the file, without `.xml`. */
  readonly name: string;
  readonly virtType: "kvm" | "qemu";
  readonly guest: Guest;
}

function withDomain(change: Partial<DomainModel>): Guest {
  const { spec } = aGuest();
  return aGuest({ spec: { domain: { ...spec.domain, memoryMib: 64, ...change } } });
}

const frozen = { type: "pc-q35-10.0", cpuModel: "maximum", virtType: "qemu" } as const;

export const goldenDomains: readonly GoldenDomain[] = [
  { name: "first-boot-kvm", virtType: "kvm", guest: withDomain({}) },
  { name: "first-boot-tcg", virtType: "qemu", guest: withDomain({}) },
  { name: "frozen-machine", virtType: "qemu", guest: withDomain({ machine: frozen }) },
  {
    name: "frozen-cpu-model",
    virtType: "qemu",
    guest: withDomain({ machine: { ...frozen, cpuModel: "Nehalem" } }),
  },
  {
    name: "uefi-with-agent",
    virtType: "qemu",
    guest: withDomain({ firmware: "uefi", hasGuestAgent: true, memoryMib: 256 }),
  },
  {
    name: "multiqueue",
    virtType: "qemu",
    guest: withDomain({ vcpus: 3, networkQueues: 3 }),
  },
  { name: "config-drive", virtType: "qemu", guest: withDomain({ configDrive: "iso9660" }) },
  {
    name: "bare",
    virtType: "qemu",
    guest: withDomain({ networks: [], hasRng: false, vcpus: 1, hostname: "a<&\"'>" }),
  },
];
