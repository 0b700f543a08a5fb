// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import { PortError, Unavailable } from "../ports/errors.ts";
import type { Random } from "../ports/random.ts";
import { backoffMs } from "./backoff.ts";
import type { Logger } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import { type Lane, WorkQueue } from "./workqueue.ts";

/** `again` asks for another pass after a time even if nothing changes until then. */
export type ReconcileResult =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly afterSeconds: number };

/** What one pass is given. */
export interface Pass {
  /** Aborted when the process stops or loses leadership: write nothing more. */
  readonly signal: AbortSignal;
  /** Adds the controller's name and the key to every line. */
  readonly log: Logger;
}

export interface ControllerOptions {
  /** Label of metrics and logs. */
  readonly name: string;
  /** Keys that are worked on at a time. */
  readonly workers: number;
  /** Brings one object to what is desired of it. Level-triggered: it looks at everything anew. */
  reconcile(key: string, pass: Pass): Promise<ReconcileResult>;
  /** Whether somebody waits for a pass of the key more than for others. Default: for all the same. */
  readonly laneOf?: (key: string) => Lane;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const retryBounds = { firstMs: 50, maxMs: 60_000 };
/** Failures in a row that are tried again without waiting, if they ask for it. */
const immediateRetriesMax = 5;

type Outcome = "done" | "again" | "retry" | "refused" | "bug";

/** Runs `reconcile` for each key that was enqueued, one pass at a time for a key. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  /** Failures in a row, by key. */
  readonly #failures = new Map<string, number>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { name, clock, laneOf, metrics } = options;
    this.#queue = new WorkQueue({ clock, ...(laneOf !== undefined && { laneOf }) });
    metrics.queueDepth.show(name, () => this.#queue.depth);
  }

  /** Asks for a pass. Safe to call before `run` and as often as one likes. */
  enqueue(key: string, { afterSeconds = 0 }: { readonly afterSeconds?: number } = {}): void {
    this.#addAfter(key, afterSeconds * 1000);
  }

  /** Works until aborted, then waits for the passes under way. */
  async run(signal: AbortSignal): Promise<void> {
    const close = (): void => this.#queue.close();
    if (signal.aborted) close();
    signal.addEventListener("abort", close, { once: true });
    const workers = Array.from({ length: this.#options.workers }, () => this.#work(signal));
    await Promise.all(workers);
    signal.removeEventListener("abort", close);
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      await this.#pass(key, signal);
      this.#queue.done(key);
    }
  }

  /** The one place that catches: what a pass throws decides when the key comes back. */
  async #pass(key: string, signal: AbortSignal): Promise<void> {
    const { name, clock, metrics } = this.#options;
    const log = this.#options.log.child({ controller: name, key });
    const startedMs = clock.monotonicMs();
    let outcome: Outcome;
    try {
      const result = await this.#options.reconcile(key, { signal, log });
      this.#failures.delete(key);
      if (result.kind === "again") this.#addAfter(key, result.afterSeconds * 1000);
      outcome = result.kind;
    } catch (error) {
      // What a pass throws while the process stops is of no interest: the next one looks anew.
      if (signal.aborted) return;
      outcome = this.#failed(key, error, log);
    }
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    metrics.reconcileSeconds.observe({ controller: name, outcome }, seconds);
  }

  #failed(key: string, error: unknown, log: Logger): Outcome {
    if (error instanceof PortError && error.retry === "never") {
      this.#failures.delete(key);
      log.error({ err: error, reason: error.reason }, "pass refused for good");
      return "refused";
    }
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delayMs = this.#delayMs(error, failures);
    this.#addAfter(key, delayMs);
    if (!(error instanceof PortError)) {
      log.error({ err: error, attempt: failures, delayMs }, "pass failed by a bug");
      return "bug";
    }
    const fields = { reason: error.reason, cause: error.message, attempt: failures, delayMs };
    if (delayMs === 0) log.debug(fields, "pass to be repeated at once");
    else log.warn(fields, "pass failed, to be repeated");
    return "retry";
  }

  #delayMs(error: unknown, failures: number): number {
    const isImmediate = error instanceof PortError && error.retry === "now";
    if (isImmediate && failures <= immediateRetriesMax) return 0;
    const askedMs = error instanceof Unavailable ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(askedMs, backoffMs(failures, retryBounds, this.#options.random));
  }

  #addAfter(key: string, delayMs: number): void {
    const { name, log, metrics } = this.#options;
    if (!this.#queue.addAfter(key, delayMs) && !this.#queue.isClosed) {
      metrics.queueRefusals.inc({ controller: name });
      log.error({ controller: name, key }, "queue is full, key dropped");
    }
  }
}
