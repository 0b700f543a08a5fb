// SPDX-License-Identifier: Apache-2.0

const sectorBytes = 512;
/** SeaBIOS boots from a disk of one cylinder at least. */
const diskBytes = 1024 * 1024;

/** ACPI ports of QEMU's q35 machine as SeaBIOS places them. */
const statusPort = [0x00, 0x06];
const enablePort = [0x02, 0x06];
const controlPort = [0x04, 0x06];
const serialPort = [0xf8, 0x03];

/**
 * The smallest guest that obeys its power button: a boot sector, in 16-bit code, that writes "R" to
 * the serial port and sleeps until the button is pressed, then powers the machine off.
 */
const obeying = [
  [0xba, ...enablePort], // mov dx, PM1 enable
  [0xed], // in ax, dx
  [0x80, 0xcc, 0x01], // or ah, power button
  [0xef], // out dx, ax
  [0xba, ...serialPort], // mov dx, COM1
  [0xb0, 0x52], // mov al, 'R'
  [0xee], // out dx, al
  [0xfb], // sleep: sti
  [0xf4], // hlt: the BIOS's timer wakes us 18 times a second
  [0xba, ...statusPort], // mov dx, PM1 status
  [0xed], // in ax, dx
  [0xf6, 0xc4, 0x01], // test ah, power button
  [0x74, 0xf5], // jz sleep
  [0xba, ...controlPort], // mov dx, PM1 control
  [0xb8, 0x00, 0x20], // mov ax, sleep enable, type soft off
  [0xef], // out dx, ax
  [0xeb, 0xfe], // jmp here
].flat();

/** Writes "R" and sleeps for ever; the power button is not even enabled. */
const ignoring = [
  [0xba, ...serialPort], // mov dx, COM1
  [0xb0, 0x52], // mov al, 'R'
  [0xee], // out dx, al
  [0xf4], // sleep: hlt
  [0xeb, 0xfd], // jmp sleep
].flat();

/** What a guest does when its power button is pressed. */
export type PowerButtonResponse = "obeys" | "ignores";

/** A raw disk that boots into such a guest within a second. */
export function bootableDisk(powerButton: PowerButtonResponse): Uint8Array {
  const disk = new Uint8Array(diskBytes);
  disk.set(powerButton === "obeys" ? obeying : ignoring);
  disk.set([0x55, 0xaa], sectorBytes - 2);
  return disk;
}
