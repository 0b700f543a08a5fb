// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import { AlreadyExists, Conflict, NotFound, PortError } from "../ports/errors.ts";
import type { KubeStore } from "../ports/kube.ts";
import type { Random } from "../ports/random.ts";
import { LeaseLock } from "./lease-lock.ts";
import type { Logger } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import { pause } from "./pause.ts";

export interface LeaderElectionOptions {
  readonly kube: KubeStore;
  /** Where the Lease stands. */
  readonly namespace: string;
  readonly name: string;
  /** Who we are. Differs for every process: a restarted one must not be taken for the old one. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Ends the candidacy, or the leadership. */
  readonly signal: AbortSignal;
}

/**
 * A leader that could not renew for `renewDeadlineMs` stops. It counts from before it sent its last
 * renewal, the others from when they saw it: one has stopped at least 5 s before another begins,
 * whatever the wall clocks say.
 */
const leaseDurationSeconds = 15;
const renewDeadlineMs = 10_000;
const periodMs = 3_000;
const retryMs = 1_000;

type Verdict = "renewed" | "failed" | "lost";

/**
 * Asks the API server whether this process leads still, and remembers all that it told this process since
 * then: both were so at a moment after the call. Throws PortError when not, or when there is no answer.
 */
export type ProveLeadership = () => Promise<void>;

type Lead = (signal: AbortSignal, prove: ProveLeadership) => Promise<void>;

/**
 * Waits for leadership, then calls `lead` once with a signal that aborts as soon as leadership ends.
 * Returns "stopped" when `signal` aborted and `lead` has returned: the Lease is then given back, so
 * that another takes over at once. Returns "lost" without waiting for `lead` when leadership was
 * lost: the process has to exit. Throws what `lead` throws.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: Lead,
): Promise<"stopped" | "lost"> {
  const candidate = new Candidate(options);
  const takenMs = await candidate.take();
  if (takenMs !== undefined && !options.signal.aborted) return candidate.hold(takenMs, lead);
  await candidate.giveBack();
  return "stopped";
}

class Candidate {
  readonly #options: LeaderElectionOptions;
  readonly #log: Logger;
  readonly #lock: LeaseLock;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#log = options.log.child({ identity: options.identity });
    this.#lock = new LeaseLock({ ...options, durationSeconds: leaseDurationSeconds });
  }

  /** Returns the time before the Lease was taken, or undefined when the signal aborted first. */
  async take(): Promise<number | undefined> {
    const { signal, clock, random } = this.#options;
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      const isTaken = await this.#attempt("Lease not taken", () => this.#lock.tryTake());
      // An answer that came after the deadline says nothing about now.
      if (isTaken === true && clock.monotonicMs() < startMs + renewDeadlineMs) return startMs;
      await pause(clock, periodMs * (0.5 + random.fraction() / 2), signal);
    }
    return undefined;
  }

  async hold(takenMs: number, lead: Lead): Promise<"stopped" | "lost"> {
    const { signal, metrics } = this.#options;
    this.#log.info("leadership taken");
    metrics?.isLeader.set(1);
    const lost = new AbortController();
    const ended = new AbortController();
    const work = lead(AbortSignal.any([signal, lost.signal]), () => this.#prove());
    const settled = work.then(
      () => ended.abort(),
      () => ended.abort(),
    );
    const outcome = await this.#renewUntil(ended.signal, takenMs + renewDeadlineMs);
    metrics?.isLeader.set(0);
    if (outcome === "lost") {
      lost.abort(new Error("leadership was lost"));
      this.#log.error("leadership lost");
      return "lost";
    }
    await settled;
    await this.giveBack();
    await work;
    return "stopped";
  }

  /** When it fails, the next renewal ends the leadership. */
  async #prove(): Promise<void> {
    if (await this.#lock.isProven()) return;
    const { namespace, name } = this.#options;
    throw new Conflict(`Lease ${namespace}/${name} does not say that this process leads`);
  }

  async giveBack(): Promise<void> {
    if (this.#lock.isOurs) await this.#attempt("Lease not given back", () => this.#lock.release());
  }

  /** Renews until the work has ended: also while it winds up, so that nobody else begins meanwhile. */
  async #renewUntil(ended: AbortSignal, firstDeadlineMs: number): Promise<"ended" | "lost"> {
    const { clock } = this.#options;
    let deadlineMs = firstDeadlineMs;
    let waitMs = periodMs;
    for (;;) {
      await pause(clock, Math.max(0, Math.min(waitMs, deadlineMs - clock.monotonicMs())), ended);
      const startMs = clock.monotonicMs();
      if (startMs >= deadlineMs) return "lost";
      if (ended.aborted) return "ended";
      const verdict = await this.#before(deadlineMs, this.#renew());
      if (verdict === "lost") return "lost";
      if (verdict === "renewed") deadlineMs = startMs + renewDeadlineMs;
      waitMs = verdict === "renewed" ? periodMs : retryMs;
    }
  }

  /** A renewal without an answer at the deadline is lost, whatever its answer will be. */
  #before(deadlineMs: number, renewal: Promise<Verdict>): Promise<Verdict> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(deadlineMs - clock.monotonicMs(), () => resolve("lost"));
      void renewal.then(resolve, reject).finally(cancel);
    });
  }

  async #renew(): Promise<Verdict> {
    try {
      await this.#lock.renew();
      return "renewed";
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.#log.warn({ reason: error.reason, cause: error.message }, "Lease not renewed");
      if (error instanceof NotFound) return "lost";
      if (!(error instanceof Conflict)) return "failed";
    }
    // Another took it, or our own renewal's answer was lost, or somebody set a label.
    await this.#attempt("Lease not read", () => this.#lock.refresh());
    if (this.#lock.hasGoneBack) {
      this.#log.error("the API server went back in time: this process ends, to begin anew");
      return "lost";
    }
    return this.#lock.isOurs ? "failed" : "lost";
  }

  async #attempt<T>(failure: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      const isRace = error instanceof Conflict || error instanceof AlreadyExists;
      const fields = { reason: error.reason, cause: error.message };
      if (isRace) this.#log.debug(fields, failure);
      else this.#log.warn(fields, failure);
      return undefined;
    }
  }
}
