// SPDX-License-Identifier: Apache-2.0
import type { ImageFailure, ImageView } from "../../core/guest/view.ts";
import { fetchBytesMax, imagesToCollect } from "../../core/image/collection.ts";
import { backoffMs } from "../../platform/backoff.ts";
import type { Logger } from "../../platform/logging.ts";
import type { Clock } from "../../ports/clock.ts";
import { PortError } from "../../ports/errors.ts";
import type { FetchLimits, ImageCache, ImageSource } from "../../ports/image-cache.ts";
import type { Random } from "../../ports/random.ts";

/** Where images may come from, asked anew for each of them. */
export type SourceNetworks = () => Promise<
  Pick<FetchLimits, "refusedNetworks" | "allowedNetworks">
>;

export interface ImageStoreOptions {
  readonly cache: ImageCache;
  readonly networks: SourceNetworks;
  /** Digests that guests of this node need; undefined when that is not known of every one. */
  readonly digestsInUse: () => Promise<ReadonlySet<string> | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** An image that is not in the cache, although a guest asked for it. */
type Fetch = { readonly failures: number } & (
  | { readonly kind: "fetching"; readonly lastFailure: ImageFailure | undefined }
  | {
      readonly kind: "failed";
      readonly lastFailure: ImageFailure;
      /** By the monotonic clock. */
      readonly retryMs: number;
    }
);

const downloadsMax = 2;
const retryBounds = { firstMs: 2000, maxMs: 300_000 };
/** Bytes that are wrong once are wrong the next time too, and cost the same to fetch. */
const mismatchRetryMs = 600_000;

/** The node's base images: each is fetched once, however many guests wait for it. */
export class ImageStore {
  readonly #options: ImageStoreOptions;
  readonly #fetches = new Map<string, Fetch>();
  readonly #waiting: ImageSource[] = [];
  readonly #handlers: ((digest: string) => void)[] = [];
  readonly #stop = new AbortController();
  #downloads = 0;

  constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  async view(digest: string): Promise<ImageView> {
    const fetch = this.#fetches.get(digest);
    const lastFailure = fetch?.lastFailure;
    if (fetch?.kind === "fetching") return { kind: "fetching", lastFailure };
    if (await this.#options.cache.has(digest)) return { kind: "ready" };
    if (fetch === undefined) return { kind: "absent" };
    const isRetryDue = this.#options.clock.monotonicMs() >= fetch.retryMs;
    return isRetryDue ? { kind: "absent", lastFailure } : { kind: "failed", ...fetch.lastFailure };
  }

  /** Has the image fetched, now or when its turn comes. Safe to call again. */
  fetch(source: ImageSource): void {
    const { checksum } = source;
    const known = this.#fetches.get(checksum);
    if (known?.kind === "fetching") return;
    const { failures = 0, lastFailure } = known ?? {};
    this.#fetches.set(checksum, { kind: "fetching", failures, lastFailure });
    this.#waiting.push(source);
    this.#startNext();
  }

  /** Notes that a disk is made upon the image. */
  used(digest: string): Promise<void> {
    return this.#options.cache.markUsed(digest);
  }

  /** Calls `handler` when what {@link view} says of a digest has changed. */
  onChange(handler: (digest: string) => void): void {
    this.#handlers.push(handler);
  }

  /** Ends the downloads under way. */
  close(): void {
    this.#stop.abort();
    this.#waiting.length = 0;
  }

  #startNext(): void {
    if (this.#downloads >= downloadsMax) return;
    const source = this.#waiting.shift();
    if (source === undefined) return;
    void this.#run(source);
  }

  async #run(source: ImageSource): Promise<void> {
    this.#downloads += 1;
    const error = await this.#download(source);
    this.#downloads -= 1;
    this.#settle(source.checksum, error);
    this.#startNext();
  }

  /** What went wrong, if anything did: there is no pass that this could be thrown into. */
  async #download(source: ImageSource): Promise<unknown> {
    const { cache, networks, clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    let bytes = 0;
    try {
      await this.#makeRoom();
      const limits = { ...(await networks()), bytesMax: fetchBytesMax(await cache.space()) };
      const { signal } = this.#stop;
      const onProgress = (count: number): void => {
        bytes = count;
      };
      await cache.fetch(source, limits, { signal, onProgress });
    } catch (error) {
      return error;
    }
    const durationMs = clock.monotonicMs() - startedMs;
    log.info({ digest: source.checksum, bytes, durationMs }, "image fetched");
    return undefined;
  }

  #settle(digest: string, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    if (error === undefined) this.#fetches.delete(digest);
    else this.#failed(digest, error);
    this.#notify(digest);
  }

  #failed(digest: string, error: unknown): void {
    const { clock, random, log } = this.#options;
    const isKnown = error instanceof PortError;
    const reason = isKnown ? error.reason : "ImageFetchFailed";
    const message = isKnown ? error.message : "the image could not be fetched";
    const failures = (this.#fetches.get(digest)?.failures ?? 0) + 1;
    const isMismatch = reason === "ImageChecksumMismatch";
    const delayMs = isMismatch ? mismatchRetryMs : backoffMs(failures, retryBounds, random);
    const retryMs = clock.monotonicMs() + delayMs;
    this.#fetches.set(digest, {
      kind: "failed",
      failures,
      lastFailure: { reason, message },
      retryMs,
    });
    clock.after(delayMs, () => this.#notify(digest));
    if (isKnown) log.warn({ digest, reason, cause: message, delayMs }, "image not fetched");
    else log.error({ digest, err: error }, "image not fetched by a bug");
  }

  async #makeRoom(): Promise<void> {
    const { cache, digestsInUse, log } = this.#options;
    const inUse = await digestsInUse();
    const collection = { images: await cache.list(), inUse, ...(await cache.space()) };
    for (const digest of imagesToCollect(collection)) {
      // One that is being waited for, or came meanwhile, is of use to somebody.
      if (this.#fetches.has(digest)) continue;
      await cache.remove(digest);
      log.info({ digest }, "unused image removed");
    }
  }

  #notify(digest: string): void {
    for (const handler of this.#handlers) handler(digest);
  }
}
