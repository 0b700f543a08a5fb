// SPDX-License-Identifier: Apache-2.0
import type { ImageSpec } from "../api/v1alpha1/image.ts";
import type { BaseImage } from "../core/guest/disk.ts";
import type { Incarnation } from "../core/guest/paths.ts";

export type DiskFormat = ImageSpec["format"];

/** The root disk of a guest: an overlay upon an image of the node's cache. */
export interface RootDisk {
  readonly incarnation: Incarnation;
  /** Owner of the disk. */
  readonly uid: number;
  /** Digest of the base. */
  readonly base: string;
  readonly baseFormat: DiskFormat;
  readonly sizeBytes: number;
}

/** QEMU's tools for disks, run where the bytes of strangers can do no harm. */
export interface GuestDisks {
  /**
   * Reads the header of a cached image. Throws Refused `ImageInvalid` when it is none of its format,
   * Unavailable or TimedOut when that could not be found out.
   */
  inspect(base: string, format: DiskFormat): Promise<BaseImage>;
  /**
   * Makes the disk in the guest's directory, which must exist. It gets its name when it is whole and on
   * the disk. Throws AlreadyExists when there is one: a disk is never replaced.
   */
  createRootDisk(disk: RootDisk): Promise<void>;
}
