// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import { Expired, NotServed, Unavailable } from "../ports/errors.ts";
import type {
  KubeStore,
  ResourceObject,
  ResourceType,
  Selector,
  WatchEvent,
} from "../ports/kube.ts";
import type { Random } from "../ports/random.ts";
import { backoffMs } from "./backoff.ts";
import type { Logger } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import { pause } from "./pause.ts";

/** Where a reflector puts what it sees. */
export interface ReflectorSink<T> {
  /** All objects that there are now; others are gone. */
  replace(objects: readonly T[]): void;
  upsert(object: T): void;
  remove(object: T): void;
}

export interface ReflectorOptions<T extends ResourceObject> {
  readonly kube: KubeStore;
  readonly type: ResourceType<T>;
  readonly selector?: Selector;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Default: "cached". A list after an expired watch is always "quorum": time never goes back. */
  readonly firstList?: "cached" | "quorum";
  /** The API server may not know the resource, now or ever: then there are no objects of it. */
  readonly mayBeAbsent?: boolean;
  readonly sink: ReflectorSink<T>;
}

const retryBounds = { firstMs: 200, maxMs: 20_000 };
/** Each watch asks for a lifetime between these two, so that watches do not end all together. */
const watchSecondsMin = 180;
const watchSecondsMax = 360;
/** A watch that outlives what it asked for by this has lost its other side. */
const silenceMsMax = 15_000;
/** A watch that ends sooner, and without an event, counts as failed. */
const healthyAfterMs = 5_000;

/** A field selector that no object fits: a hyphen is no name. */
const nothing = "metadata.name=-";

type RestartCause = "ended" | "silent" | "expired" | "failed";

/** Keeps a sink equal to what the API server holds: one list, then a watch that is resumed for ever. */
export class Reflector<T extends ResourceObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #log: Logger;
  #consistency: "cached" | "quorum";
  /** Where the next watch goes on; undefined when a list is due. */
  #version: string | undefined;
  #failures = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#log = options.log.child({ resource: options.type.plural });
    this.#consistency = options.firstList ?? "cached";
  }

  /** Runs until aborted; whatever else goes wrong is logged, waited for and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await this.#hasGoneBack()) this.#version = undefined;
        this.#version ??= await this.#list(signal);
        await this.#watch(this.#version, signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { kube, type, selector, sink, metrics } = this.#options;
    metrics?.lists.inc({ resource: type.plural });
    const result = await kube.list(type, { ...selector, consistency: this.#consistency });
    signal.throwIfAborted();
    this.#consistency = "quorum";
    sink.replace(result.items);
    return result.resourceVersion;
  }

  /**
   * Whether the API server knows less than we do: its etcd was restored from a backup. A watch from
   * our version would then be silent until that version comes again. Versions are numbers that grow;
   * a list that selects nothing tells the current one. A restore cuts every connection, so that it is
   * enough to ask after a failure.
   */
  async #hasGoneBack(): Promise<boolean> {
    const { kube, type, selector } = this.#options;
    if (this.#version === undefined || this.#failures === 0) return false;
    const usual = selector?.fieldSelector;
    const fieldSelector = usual === undefined ? nothing : `${usual},${nothing}`;
    const options = { ...selector, fieldSelector, consistency: "quorum" } as const;
    const { resourceVersion } = await kube.list(type, options);
    if (Number(resourceVersion) >= Number(this.#version)) return false;
    this.#log.warn({ from: this.#version, to: resourceVersion }, "API server went back in time");
    return true;
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const timeoutSeconds = this.#watchSeconds();
    const silence = new AbortController();
    const cancel = clock.after(timeoutSeconds * 1000 + silenceMsMax, () => silence.abort());
    let hasEvents = false;
    try {
      const events = this.#options.kube.watch(
        this.#options.type,
        { ...this.#options.selector, resourceVersion: version, timeoutSeconds },
        AbortSignal.any([signal, silence.signal]),
      );
      for await (const event of events) {
        if (signal.aborted) return;
        hasEvents = true;
        this.#failures = 0;
        this.#take(event);
      }
    } finally {
      cancel();
    }
    if (signal.aborted) return;
    if (silence.signal.aborted) return this.#restarts("silent");
    const isHealthy = hasEvents || clock.monotonicMs() - startedMs >= healthyAfterMs;
    if (!isHealthy) throw new Unavailable("the watch ended at once");
    this.#failures = 0;
    this.#restarts("ended");
  }

  #take(event: WatchEvent<T>): void {
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion;
      return;
    }
    if (event.type === "DELETED") this.#options.sink.remove(event.object);
    else this.#options.sink.upsert(event.object);
    this.#version = event.object.metadata.resourceVersion;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, random, mayBeAbsent, sink } = this.#options;
    if (mayBeAbsent === true && error instanceof NotServed) {
      this.#version = undefined;
      sink.replace([]);
      return pause(clock, retryBounds.maxMs, signal);
    }
    this.#failures += 1;
    if (error instanceof Expired) this.#version = undefined;
    this.#restarts(error instanceof Expired ? "expired" : "failed");
    const askedMs = error instanceof Unavailable ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const delayMs = Math.max(askedMs, backoffMs(this.#failures, retryBounds, random));
    this.#log.warn({ err: error, attempt: this.#failures, delayMs }, "list or watch failed");
    await pause(clock, delayMs, signal);
  }

  #restarts(cause: RestartCause): void {
    this.#options.metrics?.watchRestarts.inc({ resource: this.#options.type.plural, cause });
    if (cause === "silent") this.#log.warn("watch fell silent, to be resumed");
  }

  #watchSeconds(): number {
    const spread = watchSecondsMax - watchSecondsMin;
    return watchSecondsMin + Math.floor(this.#options.random.fraction() * spread);
  }
}
