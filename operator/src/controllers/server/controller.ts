// SPDX-License-Identifier: Apache-2.0
import type { PodPolicy } from "../../core/guest/pod.ts";
import { describeRefusal } from "../../core/guest/pod-marks.ts";
import { AssumedClaims } from "../../core/scheduler/assumed.ts";
import type { SchedulerSettings } from "../../core/scheduler/settings.ts";
import { newsOf } from "../../core/server/news.ts";
import { plan, type ServerPlan } from "../../core/server/plan.ts";
import type { WriteRefusal, ServerObservation } from "../../core/server/state.ts";
import type { Step } from "../../core/server/steps.ts";
import { Controller, type Pass, type ReconcileResult } from "../../platform/controller.ts";
import type { EventRecorder } from "../../platform/events.ts";
import type { ProveLeadership } from "../../platform/leader-election.ts";
import { AlreadyExists, Refused } from "../../ports/errors.ts";
import { type Context, type Fleet, isWaiting } from "../fleet.ts";
import type { HostBook } from "../host-book.ts";
import type { Testimonies } from "../testimonies.ts";
import { StepApplier } from "./apply.ts";
import { type Recollection, ServerObserver } from "./observe.ts";
import { watchServers } from "./watches.ts";

export interface ServerControllerOptions {
  readonly fleet: Fleet;
  readonly events: EventRecorder;
  readonly workers: number;
  readonly podPolicy: PodPolicy;
  /** User ids of server pods: the first, and how many. */
  readonly uidFirst: number;
  readonly uidCount: number;
  /** Memory in MiB that a server takes beside its guest's. */
  readonly overheadMib: number;
  readonly settings: SchedulerSettings;
  readonly hosts: HostBook;
  readonly testimonies: Testimonies;
  readonly prove: ProveLeadership;
}

interface Refusal {
  readonly message: string;
  readonly atMs: number;
}

/** Brings every Server to what its spec asks, by plans of `core/server`. */
export class ServerController {
  readonly #context: Context;
  readonly #options: ServerControllerOptions;
  readonly #controller: Controller;
  readonly #observer: ServerObserver;
  readonly #assumed = new AssumedClaims();
  /** By the key of the Server: what the API server last refused to make for it, or to change on its pod. */
  readonly #refusals = { creation: new Map<string, Refusal>(), marks: new Map<string, Refusal>() };

  constructor(context: Context, options: ServerControllerOptions) {
    this.#context = context;
    this.#options = options;
    const { kube, random } = context;
    this.#observer = new ServerObserver({ kube, random, assumed: this.#assumed, ...options });
    this.#controller = new Controller({
      ...context,
      name: "server",
      workers: options.workers,
      reconcile: (key, pass) => this.#reconcile(key, pass),
      // What was begun is brought to its end however many others wait for a host.
      laneOf: (key) => (isWaiting(options.fleet.servers.get(key)) ? "patient" : "prompt"),
    });
    watchServers(options.fleet, (key) => this.#controller.enqueue(key));
    options.fleet.servers.onChange(({ key, current }) => this.#assumed.seen(key, current));
  }

  /** Works until aborted. The fleet's caches must be whole. */
  run(signal: AbortSignal): Promise<void> {
    this.#options.testimonies.begin();
    return this.#controller.run(signal);
  }

  /**
   * The caches say whether there is anything to do; only a fresh read says what. Between a decision
   * and its assumed claim there is no wait, so that no two decisions take the same place.
   */
  async #reconcile(key: string, pass: Pass): Promise<ReconcileResult> {
    const cached = this.#observer.cached(key, this.#recollect(key));
    if (cached === undefined) return this.#forget(key);
    // One that was told nothing yet has something to do in any case.
    if (cached.server.status !== undefined) {
      const draft = plan(cached);
      if (draft.steps.length === 0) return resultOf(draft);
    }
    const fresh = await this.#observer.fresh(key, this.#recollect(key));
    if (fresh === undefined) return this.#forget(key);
    const decided = plan(fresh);
    if (decided.claim !== undefined) {
      this.#assumed.add(fresh.server, decided.claim);
      // What was read just now, and all before it, has to be of one history (protocol P1).
      await this.#options.prove();
    }
    await this.#apply(key, fresh, decided, pass);
    return resultOf(decided);
  }

  async #apply(
    key: string,
    observed: ServerObservation,
    decided: ServerPlan,
    pass: Pass,
  ): Promise<void> {
    const { server, guests } = observed;
    const applier = new StepApplier(this.#context.kube, this.#options.podPolicy, server, guests);
    let refusal: Refused | undefined;
    for (const step of decided.steps) {
      pass.signal.throwIfAborted();
      if (isCreation(step)) await this.#create(key, applier.apply(step));
      else if (step.kind === "MarkPod") refusal = await this.#mark(key, step, applier);
      else await applier.apply(step);
      if (step.kind === "WriteStatus") this.#tell(observed, step.status, pass);
    }
    if (refusal !== undefined) throw refusal;
  }

  /** What a policy refuses of a pod's labels and annotations keeps nothing else from being done and told. */
  async #mark(
    key: string,
    step: Extract<Step, { kind: "MarkPod" }>,
    applier: StepApplier,
  ): Promise<Refused | undefined> {
    const { marks } = this.#refusals;
    try {
      await applier.apply(step);
      marks.delete(key);
      return undefined;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const message = describeRefusal(step.change, error.message);
      marks.set(key, { message, atMs: this.#context.clock.monotonicMs() });
      return error;
    }
  }

  /** What quota, LimitRange or a policy refuses is kept: the next plan tells the user of it. */
  async #create(key: string, creation: Promise<void>): Promise<void> {
    const refusals = this.#refusals.creation;
    try {
      await creation;
      refusals.delete(key);
    } catch (error) {
      if (error instanceof Refused || error instanceof AlreadyExists) {
        const atMs = this.#context.clock.monotonicMs();
        refusals.set(key, { message: error.message, atMs });
      }
      throw error;
    }
  }

  #recollect(key: string): Recollection {
    const { clock } = this.#context;
    const { creation, marks } = this.#refusals;
    const aged = (refusal: Refusal | undefined): WriteRefusal | undefined =>
      refusal && {
        message: refusal.message,
        ageSeconds: (clock.monotonicMs() - refusal.atMs) / 1000,
      };
    return {
      creationRefusal: aged(creation.get(key)),
      markRefusal: aged(marks.get(key)),
      nowMs: clock.nowMs(),
    };
  }

  /** One transition is told three times: to the user, to the operator of the cluster, and as a trend. */
  #tell({ server }: ServerObservation, status: ServerPlan["status"], { log }: Pass): void {
    const { phase, taskState: task, hypervisor: host } = status;
    log.info({ phase, task, host, token: status.run?.token }, "server status written");
    for (const news of newsOf(server.status ?? {}, status)) {
      this.#options.events.event(server, news);
      this.#context.metrics.transitions.inc({ kind: server.kind, reason: news.reason });
    }
  }

  #forget(key: string): ReconcileResult {
    this.#refusals.creation.delete(key);
    this.#refusals.marks.delete(key);
    this.#assumed.seen(key, undefined);
    return { kind: "done" };
  }
}

function isCreation({ kind }: Step): boolean {
  return kind === "CreateGuest" || kind === "CreatePod";
}

function resultOf({ againAfterSeconds }: ServerPlan): ReconcileResult {
  return againAfterSeconds === undefined
    ? { kind: "done" }
    : { kind: "again", afterSeconds: againAfterSeconds };
}
