// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { Machine } from "../../api/v1alpha1/guest-model.ts";
import type { DomainModel } from "../../api/v1alpha1/guest.ts";
import type { Cpu, Disk, DomainDefinition, Interface } from "./domain.ts";
import { tapName } from "./network/links.ts";
import { podPath } from "./paths.ts";

type VirtType = DomainDefinition["virtType"];

/** Enough to add volumes and shares later without a restart. */
const sparePciePorts = 6;
/** QEMU's own choice is a large share of the guest's memory; less than this slows the boot down. */
const translationCacheMib = 32;
/** The machine family of a first boot: QEMU takes its newest version, which is frozen then. */
const newestMachine = "q35";

/**
 * The domain of a guest on a host whose proven virtualization type is `hostVirtType`. What the first
 * boot froze wins over what the host would choose.
 */
export function buildDomain(guest: Guest, hostVirtType: VirtType): DomainDefinition {
  const { domain } = guest.spec;
  const { machine } = domain;
  const virtType = machine.virtType ?? hostVirtType;
  const disks = domain.configDrive === undefined ? [rootDisk()] : [rootDisk(), configDrive()];
  return {
    virtType,
    name: guest.metadata.name,
    uuid: domain.uuid,
    emulator: "/usr/bin/qemu-system-x86_64",
    arch: "x86_64",
    machine: machine.type ?? newestMachine,
    firmware:
      domain.firmware === "uefi" ? { kind: "uefi", nvram: podPath.nvram } : { kind: "bios" },
    memoryMib: domain.memoryMib,
    vcpus: domain.vcpus,
    cpu: cpuOf(machine.cpuModel ?? defaultCpu(virtType)),
    ...(virtType === "qemu" && { translationCacheMib }),
    smbios: smbiosOf(domain),
    iothreads: disks.filter(({ iothread }) => iothread !== undefined).length,
    disks,
    interfaces: interfacesOf(domain),
    pciePorts: pcieDevices(domain, disks) + sparePciePorts,
    serialSocket: podPath.serialSocket,
    hasGuestAgent: domain.hasGuestAgent,
    hasRng: domain.hasRng,
  };
}

/**
 * What the guest got of its machine, to be kept from now on: `machineType` is the canonical one that
 * libvirt tells of the running domain.
 */
export function machineOf(
  definition: DomainDefinition,
  machineType: string | undefined,
  guestImage: string | undefined,
): Machine {
  const { cpu, virtType, firmware } = definition;
  return {
    ...(machineType !== undefined && { type: machineType }),
    cpuModel: cpu.mode === "custom" ? cpu.model : cpu.mode,
    virtType,
    firmware: firmware.kind,
    ...(guestImage !== undefined && { guestImage }),
  };
}

/** Nova's choices: what the host has under KVM, all that QEMU can do under TCG. Source: nova 6.2. */
function defaultCpu(virtType: VirtType): string {
  return virtType === "kvm" ? "host-model" : "maximum";
}

function cpuOf(name: string): Cpu {
  if (name === "host-model" || name === "maximum") return { mode: name };
  return { mode: "custom", model: name };
}

/** The page cache stays out of it (a host crash loses nothing that the guest flushed). */
function rootDisk(): Disk {
  return {
    path: podPath.disk,
    format: "qcow2",
    isReadOnly: false,
    target: "vda",
    cache: "none",
    io: "threads",
    discard: "unmap",
    iothread: 1,
    bootIndex: 1,
  };
}

function interfacesOf({ networks, networkQueues }: DomainModel): Interface[] {
  const queues = networkQueues === undefined ? {} : { queues: networkQueues };
  return networks.map(({ mac }, card) => ({ mac, tap: tapName(card), ...queues }));
}

/**
 * The guest finds it by its label. Differs: Nova attaches one of ISO 9660 as a CD-ROM; a virtio disk costs
 * a boot a second less under TCG. As Nova's, it takes the last letter and leaves the others to volumes.
 */
function configDrive(): Disk {
  return {
    path: podPath.configDrive,
    format: "raw",
    isReadOnly: true,
    target: "vdz",
    cache: "none",
    io: "threads",
    discard: "ignore",
  };
}

/** Each takes a root port of its own: disks, cards, the guest agent's serial controller, the generator. */
function pcieDevices(model: DomainModel, disks: readonly Disk[]): number {
  const { networks, hasGuestAgent, hasRng } = model;
  return disks.length + networks.length + (hasGuestAgent ? 1 : 0) + (hasRng ? 1 : 0);
}

/**
 * The serial number is the uuid, as Nova's `unique`. The host name reaches systemd in the guest
 * before any network, as the system credential of that name. Source: nova-semantics 6.2.
 */
function smbiosOf({ uuid, hostname }: DomainModel): DomainDefinition["smbios"] {
  return {
    manufacturer: "Kilonova",
    product: "Kilonova Server",
    serial: uuid,
    family: "Virtual Machine",
    oemStrings: [`io.systemd.credential:system.hostname=${hostname}`],
  };
}
