// SPDX-License-Identifier: Apache-2.0

interface Image {
  readonly digest: string;
  readonly bytes: number;
  /** Wall-clock time in ms of its last use. */
  readonly usedMs: number;
}

export interface ImageCollection {
  readonly images: readonly Image[];
  /** Digests that a guest's disk needs; undefined when that is not known of every disk. */
  readonly inUse: ReadonlySet<string> | undefined;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Collection begins below this share of free space and goes on to the other one. */
const lowShare = 0.15;
const enoughShare = 0.25;
/** What images leave free: guests' disks grow. */
const reservedShare = 0.05;

/**
 * Digests of the images to be removed so that there is room for new ones: none while there is enough,
 * and never one in use; those whose last use is the longest ago go first.
 */
export function imagesToCollect(collection: ImageCollection): string[] {
  const { images, inUse, freeBytes, totalBytes } = collection;
  if (inUse === undefined || freeBytes >= lowShare * totalBytes) return [];
  const unused = images.filter(({ digest }) => !inUse.has(digest));
  const digests: string[] = [];
  let free = freeBytes;
  for (const { digest, bytes } of unused.toSorted((one, other) => one.usedMs - other.usedMs)) {
    if (free >= enoughShare * totalBytes) break;
    digests.push(digest);
    free += bytes;
  }
  return digests;
}

/** The largest image that may be fetched into what is free, in bytes. */
export function fetchBytesMax({
  freeBytes,
  totalBytes,
}: Omit<ImageCollection, "images" | "inUse">) {
  return Math.max(0, Math.floor(freeBytes - reservedShare * totalBytes));
}
