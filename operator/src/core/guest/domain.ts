// SPDX-License-Identifier: Apache-2.0
/** A libvirt domain as data. `build.ts` decides what is in it, `xml.ts` only writes it down. */
export interface DomainDefinition {
  /** libvirt's domain type: how the guest's code is run. */
  readonly virtType: "kvm" | "qemu";
  readonly name: string;
  readonly uuid: string;
  readonly emulator: string;
  readonly arch: "x86_64";
  /** `q35`, or one of its versions. */
  readonly machine: string;
  readonly firmware: Firmware;
  readonly memoryMib: number;
  readonly vcpus: number;
  readonly cpu: Cpu;
  /** Memory of TCG's cache of translated code in MiB; absent under KVM. */
  readonly translationCacheMib?: number;
  readonly smbios: Smbios;
  readonly iothreads: number;
  readonly disks: readonly Disk[];
  readonly interfaces: readonly Interface[];
  /** PCIe root ports, those of the devices and the spare ones together. */
  readonly pciePorts: number;
  /** Socket that QEMU connects its first serial port to. */
  readonly serialSocket: string;
  readonly hasGuestAgent: boolean;
  readonly hasRng: boolean;
}

export type Firmware =
  | { readonly kind: "bios" }
  /** `nvram` is made from the firmware's template when it does not exist. */
  | { readonly kind: "uefi"; readonly nvram: string };

export type Cpu =
  | { readonly mode: "host-model" | "maximum" }
  /** QEMU's named model, with nothing added and nothing left out. */
  | { readonly mode: "custom"; readonly model: string };

/** What the guest reads of itself from its firmware's tables. */
export interface Smbios {
  readonly manufacturer: string;
  readonly product: string;
  readonly serial: string;
  readonly family: string;
  /** Strings for the guest's operating system, table type 11. */
  readonly oemStrings: readonly string[];
}

/** A virtio disk that is a file. */
export interface Disk {
  readonly path: string;
  readonly format: "qcow2" | "raw";
  readonly isReadOnly: boolean;
  /** Name of the target, `vda` and so on. */
  readonly target: string;
  readonly cache: "none";
  readonly io: "threads";
  readonly discard: "unmap" | "ignore";
  /** Number of the I/O thread that serves it, from 1; QEMU's main loop when absent. */
  readonly iothread?: number;
  /** Absent: the guest does not boot from it. */
  readonly bootIndex?: number;
}

/** A virtio network card whose other end is a tap that is there already. */
export interface Interface {
  readonly mac: string;
  readonly tap: string;
  /** Pairs of queues; absent, one. */
  readonly queues?: number;
}
