// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import type { GuestSpec } from "../../api/v1alpha1/guest.ts";

const bytesPerGib = 2 ** 30;

/** What QEMU reads in the header of a base image. The bytes were written by a stranger. */
export interface BaseImage {
  readonly virtualSizeBytes: number;
  /** The file names another one that it reads from. */
  readonly hasBackingFile: boolean;
  /** Its data are in another file. */
  readonly hasDataFile: boolean;
  readonly isEncrypted: boolean;
}

/**
 * The size of the root disk in bytes that is made upon the base, or why none may be. A file that makes
 * QEMU open another one would let its author read the node's files.
 */
export function rootDiskSize(
  { rootDiskGib }: Pick<GuestSpec, "rootDiskGib">,
  base: BaseImage,
): { readonly ok: true; readonly sizeBytes: number } | Refusal {
  if (base.hasBackingFile || base.hasDataFile) {
    const message = "it refers to another file: flatten it with qemu-img convert";
    return { ok: false, reason: "ImageInvalid", message };
  }
  if (base.isEncrypted) {
    return {
      ok: false,
      reason: "ImageInvalid",
      message: "it is encrypted: decrypt it with qemu-img convert",
    };
  }
  const sizeBytes = rootDiskGib === 0 ? base.virtualSizeBytes : rootDiskGib * bytesPerGib;
  if (sizeBytes < base.virtualSizeBytes) {
    const neededGib = Math.ceil(base.virtualSizeBytes / bytesPerGib);
    const message = `it needs a root disk of ${neededGib} GiB, not ${rootDiskGib}: take a larger flavor`;
    return { ok: false, reason: "ImageTooLarge", message };
  }
  return { ok: true, sizeBytes };
}
