// SPDX-License-Identifier: Apache-2.0
import type { GuestSpec } from "../api/v1alpha1/guest.ts";

/** Where an image comes from, and what its bytes must be. */
export type ImageSource = GuestSpec["image"]["http"];

/** A whole image on the node's disk, verified when it came. */
export interface CachedImage {
  readonly digest: string;
  readonly bytes: number;
  /** Wall-clock time in ms of its last use. */
  readonly usedMs: number;
}

export interface FetchLimits {
  readonly bytesMax: number;
  /** Networks (CIDR) that nothing is fetched from, beside loopback and link-local addresses. */
  readonly refusedNetworks: readonly string[];
  /** Networks (CIDR) that may be fetched from although they are refused. */
  readonly allowedNetworks: readonly string[];
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Base images on the node's disk, read-only, by digest. Throws PortError `FileFailed`. */
export interface ImageCache {
  has(digest: string): Promise<boolean>;
  list(): Promise<readonly CachedImage[]>;
  space(): Promise<Space>;
  /** Notes that the image is used now. */
  markUsed(digest: string): Promise<void>;
  /** Safe to call again. Pods that have it open keep it until they end. */
  remove(digest: string): Promise<void>;
  /**
   * Fetches an image and keeps it when its bytes are the right ones. Throws Refused with the reason
   * ImageFetchFailed, ImageSourceRefused or ImageChecksumMismatch and leaves nothing behind. Progress
   * is told in bytes.
   */
  fetch(
    source: ImageSource,
    limits: FetchLimits,
    options: { readonly signal: AbortSignal; readonly onProgress: (bytes: number) => void },
  ): Promise<void>;
}
