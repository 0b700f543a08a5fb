// SPDX-License-Identifier: Apache-2.0
/** What the builders of test guests have in common. */
import { stat } from "node:fs/promises";
import { digestOf } from "../../hack/manifest.ts";

/** Functions of the scripts that make disks. */
export const bootDiskScript = "e2e/guests/boot-disk.sh";
/** What such a disk is made of, beside the build machine and the kernel. */
export const bootPackages = ["busybox-static", "grub-efi-amd64-signed", "shim-signed"];

/** A disk image in a file. */
export interface BuiltDisk {
  readonly qcow2: string;
  /** Of the file, in hex. */
  readonly sha256: string;
  /** Of the file. */
  readonly sizeBytes: number;
}

export async function builtDisk(qcow2: string): Promise<BuiltDisk> {
  return { qcow2, sha256: await digestOf(qcow2), sizeBytes: (await stat(qcow2)).size };
}
