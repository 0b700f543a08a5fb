// SPDX-License-Identifier: Apache-2.0
import { type Clock, microTimestampOf } from "../ports/clock.ts";
import { AlreadyExists, PortError, Refused } from "../ports/errors.ts";
import { type KubeEvent, type KubeStore, type ResourceObject, resources } from "../ports/kube.ts";
import type { Random } from "../ports/random.ts";
import { backoffMs } from "./backoff.ts";
import { EventBudget } from "./event-budget.ts";
import { composeEvent, eventKey, type EventSource, type EventText } from "./event-object.ts";
import type { Logger } from "./logging.ts";
import type { Metrics } from "./metrics.ts";

export type { EventSource, EventText } from "./event-object.ts";

export interface EventRecorderOptions {
  readonly kube: KubeStore;
  readonly source: EventSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** An Event that was sent, and how often its text came. */
interface Series {
  readonly event: KubeEvent;
  count: number;
  lastMs: number;
  isFlushDue: boolean;
}

type DropCause = "queue" | "rate" | "refused" | "unavailable";

const queueMax = 512;
const seriesMax = 1024;
/** A text that comes again within this time is counted in the same Event. */
const seriesIdleMs = 6 * 60_000;
/** The count of a series is written at most this often. */
const flushMs = 30_000;
const attemptsMax = 4;
const retryBounds = { firstMs: 500, maxMs: 10_000 };
const fieldManager = "kilonova-events";

/**
 * Tells users what happened, as Events: repeated texts are counted in one Event, each object may
 * cause so many, and what cannot be written is dropped and counted. Never throws.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #budget: EventBudget;
  /** By the key of the text; the one that was begun first stands first. */
  readonly #series = new Map<string, Series>();
  readonly #queue: (() => Promise<unknown>)[] = [];
  #draining: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#budget = new EventBudget(options.clock);
  }

  /** Returns at once; the Event is written later, or not at all. */
  event(regarding: ResourceObject, text: EventText): void {
    const nowMs = this.#options.clock.monotonicMs();
    const key = eventKey(regarding, text);
    const series = this.#series.get(key);
    if (series !== undefined && nowMs - series.lastMs < seriesIdleMs) {
      series.count += 1;
      series.lastMs = nowMs;
      this.#flushLater(series);
      return;
    }
    if (!this.#budget.take(regarding.metadata.uid ?? key)) return this.#drop("rate");
    const { kube, source, clock, random } = this.#options;
    const stamp = { time: microTimestampOf(clock), suffix: random.uuid().replaceAll("-", "") };
    const event = composeEvent(regarding, text, source, stamp);
    this.#remember(key, { event, count: 1, lastMs: nowMs, isFlushDue: false });
    this.#enqueue(() => kube.create(resources.events, event, { fieldManager }));
  }

  /** Resolves when all that was queued until now is written or dropped. */
  async drained(): Promise<void> {
    await this.#draining;
  }

  #flushLater(series: Series): void {
    if (series.isFlushDue) return;
    series.isFlushDue = true;
    this.#options.clock.after(flushMs, () => {
      series.isFlushDue = false;
      const { name, namespace = "" } = series.event.metadata;
      const lastObservedTime = microTimestampOf(this.#options.clock);
      const patch = { series: { count: series.count, lastObservedTime } };
      const ref = { namespace, name };
      this.#enqueue(() => this.#options.kube.patch(resources.events, ref, patch, { fieldManager }));
    });
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    const [oldest] = this.#series.keys();
    if (this.#series.size > seriesMax && oldest !== undefined) this.#series.delete(oldest);
  }

  #enqueue(write: () => Promise<unknown>): void {
    if (this.#queue.length >= queueMax) return this.#drop("queue");
    this.#queue.push(write);
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (let write = this.#queue.shift(); write !== undefined; write = this.#queue.shift()) {
      const cause = await this.#send(write);
      if (cause !== undefined) this.#drop(cause);
    }
    this.#draining = undefined;
  }

  async #send(write: () => Promise<unknown>): Promise<DropCause | undefined> {
    const { clock, random } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await write();
        return undefined;
      } catch (error) {
        // An earlier attempt got there although its answer did not.
        if (error instanceof AlreadyExists) return undefined;
        const cause = this.#causeOf(error, attempt);
        if (cause !== undefined) return cause;
        await clock.sleep(backoffMs(attempt, retryBounds, random));
      }
    }
  }

  /** Why a write is given up, or undefined when it is worth another attempt. */
  #causeOf(error: unknown, attempt: number): DropCause | undefined {
    if (!(error instanceof PortError)) {
      this.#options.log.error({ err: error }, "event failed by a bug");
      return "refused";
    }
    // Refused: its namespace is being deleted, or our rights are too small. Never: it is gone.
    const isFinal = error instanceof Refused || error.retry === "never";
    if (!isFinal && attempt < attemptsMax) return undefined;
    this.#options.log.warn({ reason: error.reason, cause: error.message }, "event not written");
    return isFinal ? "refused" : "unavailable";
  }

  #drop(cause: DropCause): void {
    this.#options.metrics.eventsDropped.inc({ cause });
  }
}
