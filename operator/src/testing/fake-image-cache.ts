// SPDX-License-Identifier: Apache-2.0
import type { CachedImage, FetchLimits, ImageCache, ImageSource } from "../ports/image-cache.ts";
import type { PortError } from "../ports/errors.ts";

/** Images in memory. Each download waits until the test lets it end, or ends at once. */
export class FakeImageCache implements ImageCache {
  readonly images = new Map<string, CachedImage>();
  /** Every download that was begun. */
  readonly fetches: { readonly source: ImageSource; readonly limits: FetchLimits }[] = [];
  /** What a download ends with; by default it succeeds at once. */
  onFetch: (source: ImageSource) => Promise<PortError | undefined> = async () => undefined;
  freeBytes = 50 * 2 ** 30;
  totalBytes = 100 * 2 ** 30;
  imageBytes = 2 ** 30;
  #uses = 0;

  async has(digest: string): Promise<boolean> {
    return this.images.has(digest);
  }

  async list(): Promise<readonly CachedImage[]> {
    return [...this.images.values()];
  }

  async space() {
    return { freeBytes: this.freeBytes, totalBytes: this.totalBytes };
  }

  async markUsed(digest: string): Promise<void> {
    const image = this.images.get(digest);
    if (image !== undefined) this.images.set(digest, { ...image, usedMs: this.#tick() });
  }

  async remove(digest: string): Promise<void> {
    if (this.images.delete(digest)) this.freeBytes += this.imageBytes;
  }

  async fetch(
    source: ImageSource,
    limits: FetchLimits,
    options: Parameters<ImageCache["fetch"]>[2],
  ): Promise<void> {
    this.fetches.push({ source, limits });
    const error = await this.onFetch(source);
    if (error !== undefined) throw error;
    options.onProgress(this.imageBytes);
    this.freeBytes -= this.imageBytes;
    const { checksum: digest } = source;
    this.images.set(digest, { digest, bytes: this.imageBytes, usedMs: this.#tick() });
  }

  #tick(): number {
    this.#uses += 1;
    return this.#uses;
  }
}
