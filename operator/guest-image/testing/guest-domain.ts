// SPDX-License-Identifier: Apache-2.0
/** Domains as the operator makes them, as far as the image is concerned. TCG, since that runs anywhere. */

export const domainUuid = "5e1f0a52-0b6c-4d34-9b8a-0a5d3d8a1001";

const bios = `<os><type arch='x86_64' machine='q35'>hvm</type></os>`;

const uefi = (isSecureBoot: boolean): string => `
  <os firmware='efi'>
    <type arch='x86_64' machine='q35'>hvm</type>
    <firmware>
      <feature enabled='${isSecureBoot ? "yes" : "no"}' name='secure-boot'/>
      <feature enabled='${isSecureBoot ? "yes" : "no"}' name='enrolled-keys'/>
    </firmware>
    <nvram>/data/vm/nvram.fd</nvram>
  </os>`;

const tpm = `
    <tpm model='tpm-crb'>
      <backend type='emulator' version='2.0'><source type='dir' path='/data/vm/tpm'/></backend>
    </tpm>`;

const disk = `
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap' io='threads'/>
      <source file='/data/vm/disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>`;

const firmware = {
  bios: { os: bios, devices: disk },
  uefi: { os: uefi(false), devices: disk },
  "secure boot and a TPM": { os: uefi(true), devices: disk + tpm },
  /** A ROM of the test's own in the place of any firmware, and no disk. */
  rom: {
    os: bios.replace("</os>", "<loader type='rom'>/data/vm/rom.bin</loader></os>"),
    devices: "",
  },
};

export type Firmware = keyof typeof firmware;

const configDrive = `
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none' io='threads'/>
      <source file='/data/vm/config-drive'/>
      <target dev='vdz' bus='virtio'/>
      <readonly/>
    </disk>`;

/** Network cards of a guest that is told of them; the first is given an address by QEMU. */
export const nicMacs = ["02:00:00:00:00:01", "02:00:00:00:00:02"] as const;

const nics = nicMacs
  .map((mac) => `<interface type='user'><mac address='${mac}'/><model type='virtio'/></interface>`)
  .join("\n    ");

export function domainXml(kind: Firmware, isTold = false): string {
  const { os, devices: own } = firmware[kind];
  const devices = isTold ? own + configDrive + nics : own;
  return `
<domain type='qemu'>
  <name>guest</name>
  <uuid>${domainUuid}</uuid>
  <memory unit='MiB'>384</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <vcpu>1</vcpu>
  ${os}
  <features><acpi/>${kind === "secure boot and a TPM" ? "<smm state='on'/>" : ""}</features>
  <cpu mode='maximum'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${devices}
    <controller type='usb' model='none'/>
    <serial type='unix'>
      <source mode='connect' path='/data/run/serial0.sock'>
        <reconnect enabled='yes' timeout='1'/>
      </source>
      <target port='0'/>
    </serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <video><model type='none'/></video>
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>`;
}

/**
 * A ROM of 64 KiB that fills the end of the first 4 GiB. The processor's first instruction is 16 bytes
 * before its end; from there on it writes the alphabet to the first serial port, and halts.
 */
export function alphabetRom(): Buffer {
  const rom = Buffer.alloc(0x10000, 0xff);
  const alphabet = [
    ...[0xb3, 0x41], //             mov bl, 'A'
    ...[0xba, 0xfd, 0x03], // wait: mov dx, line status register
    ...[0xec, 0xa8, 0x20], //       in al, dx; test al, transmitter is empty
    ...[0x74, 0xf8], //             jz wait
    ...[0xba, 0xf8, 0x03], //       mov dx, data register
    ...[0x88, 0xd8, 0xee], //       mov al, bl; out dx, al
    ...[0xfe, 0xc3], //             inc bl
    ...[0x80, 0xfb, 0x5b], //       cmp bl, 'Z' + 1
    ...[0x75, 0xeb], //             jne wait
    ...[0xf4, 0xeb, 0xfd], // stop: hlt; jmp stop
  ];
  rom.set(alphabet, 0);
  rom.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0); // jmp 0xf000:0
  return rom;
}
