// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { fieldManager } from "../../api/names.ts";
import { isEqual } from "../../core/lib/equal.ts";
import type { ListedOrphan } from "../../core/guest/orphans.ts";
import type { ForgottenGuest } from "../../core/guest/testimony.ts";
import { type GuestPlan, planGuest } from "../../core/guest/plan.ts";
import { type GuestStep, stepNeeds } from "../../core/guest/view.ts";
import { Controller, type Pass, type ReconcileResult } from "../../platform/controller.ts";
import { Informer, keyOf, refOf } from "../../platform/informer.ts";
import type { Logger } from "../../platform/logging.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { Conflict, NotFound, PortError } from "../../ports/errors.ts";
import { resources } from "../../ports/kube.ts";
import type { Libvirt } from "../../ports/libvirt.ts";
import type { PodNetworks } from "../../ports/pod-networks.ts";
import type { Random } from "../../ports/random.ts";
import type { ImageStore } from "../images/image-store.ts";
import { apply, type Hands } from "./apply.ts";
import { Claims } from "./claims.ts";
import { Memory } from "./memory.ts";
import { digestsInUse } from "./digests-in-use.ts";
import { Networks } from "./networks.ts";
import { forgottenGuests } from "./forgotten-guests.ts";
import { observe } from "./observe.ts";
import { OrphanKeeper } from "./orphan-keeper.ts";
import { Sessions } from "./sessions.ts";

export interface GuestManagerOptions
  extends Omit<Hands, "claims" | "memory" | "sessions" | "networks"> {
  readonly nodeName: string;
  readonly libvirt: Libvirt;
  readonly networks: PodNetworks;
  readonly images: Hands["images"] & Pick<ImageStore, "onChange">;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const workers = 8;
/** Every guest is looked at this often even if nothing is heard of it. */
const resyncSeconds = 30;
/** Steps of one pass; a guest that needs more is not left alone, but others come first. */
const roundsMax = 16;
/** A tenant may cause events of its own guest as fast as it likes. */
const eventDelaySeconds = 0.02;

/** Brings the guests of one node to what their Guests ask for. */
export class GuestManager {
  readonly #options: GuestManagerOptions;
  readonly #hands: Hands;
  readonly #memory: Memory;
  readonly #claims: Claims;
  readonly #networks: Networks;
  readonly #sessions: Sessions;
  readonly #controller: Controller;
  readonly #guests: Informer<Guest>;
  readonly #orphans: OrphanKeeper;

  constructor(options: GuestManagerOptions) {
    const { kube, clock, random, log, metrics, host, libvirt, runtime } = options;
    this.#options = options;
    this.#guests = new Informer({
      kube,
      type: resources.guests,
      selector: { fieldSelector: `spec.host=${options.nodeName}` },
      // What it is told of is compared with the node's disk: an answer from before a restore would lie.
      firstList: "quorum",
      resyncSeconds,
      clock,
      random,
      log,
      metrics,
    });
    const guests = (): readonly Guest[] => this.#guests.list();
    this.#memory = new Memory(clock);
    this.#claims = new Claims(host, kube, guests);
    const onEvent = (key: string): void => this.#look(key, eventDelaySeconds);
    this.#networks = new Networks(options);
    metrics.collectTraffic(() => this.#networks.traffic());
    this.#sessions = new Sessions({ libvirt, runtime, log, onEvent });
    this.#hands = {
      ...options,
      claims: this.#claims,
      memory: this.#memory,
      networks: this.#networks,
      sessions: this.#sessions,
    };
    const reconcile = (key: string, pass: Pass): Promise<ReconcileResult> =>
      this.#reconcile(key, pass);
    this.#controller = new Controller({
      name: "guests",
      workers,
      reconcile,
      clock,
      random,
      log,
      metrics,
    });
    this.#orphans = new OrphanKeeper({ ...options, guests, sessions: this.#sessions });
    this.#listen();
  }

  /** Directories without a Guest, for the hypervisor's status. */
  get orphans(): ListedOrphan[] {
    return this.#orphans.listed;
  }

  /** For the agent's testimony. Nothing is known before the Guests are. */
  async forgotten(): Promise<readonly ForgottenGuest[] | undefined> {
    if (!this.#guests.hasSynced) return undefined;
    return forgottenGuests(this.#guests.list(), this.#options);
  }

  /** For the image cache. Nothing is known before the Guests are. */
  async digestsInUse(): Promise<ReadonlySet<string> | undefined> {
    if (!this.#guests.hasSynced) return undefined;
    return digestsInUse(this.#guests.list(), this.#options.files);
  }

  /** Works until aborted. Starts nothing before a list of the node's Guests succeeded. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#guests.run(signal), this.#work(signal)]);
    this.#sessions.close();
  }

  async #work(signal: AbortSignal): Promise<void> {
    try {
      await this.#guests.synced(signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await Promise.all([this.#controller.run(signal), this.#orphans.run(signal)]);
  }

  #listen(): void {
    const { mounts, images, host } = this.#options;
    this.#guests.onChange(({ key }) => this.#look(key));
    mounts.onChange((ref) => this.#look(keyOf(ref)));
    host.onChange(() => this.#lookAtAll());
    images.onChange((digest) => this.#lookAtAll(({ spec }) => spec.image.http.checksum === digest));
  }

  #look(key: string, afterSeconds = 0): void {
    this.#controller.enqueue(key, { afterSeconds });
  }

  #lookAtAll(which: (guest: Guest) => boolean = () => true): void {
    for (const guest of this.#guests.list().filter(which)) this.#look(keyOf(guest));
  }

  async #reconcile(key: string, pass: Pass): Promise<ReconcileResult> {
    let guest = this.#guests.get(key);
    if (guest === undefined) {
      this.#forget(key);
      return { kind: "done" };
    }
    let isFresh = false;
    for (let round = 0; round < roundsMax; round += 1) {
      pass.signal.throwIfAborted();
      const plan = planGuest(await observe(guest, this.#hands));
      this.#memory.planned(key, plan);
      const { next } = plan;
      const needs = next.kind === "step" ? stepNeeds[next.step.kind] : "nothing";
      if (needs !== "nothing" && !isFresh) {
        const fresh = await this.#read(key);
        // The cache will hear of it: there is nothing left to look at.
        if (fresh === undefined) return { kind: "done" };
        guest = fresh;
        isFresh = true;
        continue;
      }
      guest = await this.#report(guest, plan, { isForced: needs === "right" });
      if (next.kind === "wait") return afterwards(next.seconds);
      pass.signal.throwIfAborted();
      await this.#act(guest, next.step, pass.log);
      // Nothing held the Guest any more: there is nothing left to look at.
      if (next.step.kind === "RemoveFinalizer") return { kind: "done" };
      isFresh = false;
    }
    return { kind: "again", afterSeconds: 0 };
  }

  /** The Guest as it is now; undefined when it is gone. */
  async #read(key: string): Promise<Guest | undefined> {
    try {
      return await this.#options.kube.get(resources.guests, refOf(key));
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  /** Writes the status if there is news, or if the write is what gives the right to go on. */
  async #report(
    guest: Guest,
    { status, isReportDue }: GuestPlan,
    { isForced }: { readonly isForced: boolean },
  ): Promise<Guest> {
    const hasNews = isReportDue && !isEqual(status, guest.status ?? {});
    if (!hasNews && !isForced) return guest;
    if (status.claim?.state === "Accepted") this.#claims.accept(guest);
    const { kube } = this.#options;
    const options = { fieldManager: fieldManager.agent };
    const written = await kube.updateStatus(resources.guests, { ...guest, status }, options);
    this.#tell(guest, status);
    return written;
  }

  /** Users hear of it from the operator, whose Server it is. */
  #tell(guest: Guest, { domain, boot, stoppedBy, claim, error }: GuestStatus): void {
    const { log, metrics } = this.#options;
    const before = guest.status;
    const fields = { guest: keyOf(guest), boot };
    if (domain !== undefined && domain !== before?.domain) {
      log.info({ ...fields, state: domain, reason: stoppedBy }, "domain is in another state");
      metrics.transitions.inc({ kind: "Guest", reason: domain });
    }
    if (claim?.state === "Refused" && before?.claim === undefined) {
      log.warn({ ...fields, reason: claim.reason, cause: claim.message }, "claim refused");
    }
    if (error !== undefined && error.reason !== before?.error?.reason) {
      log.warn({ ...fields, reason: error.reason, cause: error.message }, "guest is in trouble");
    }
  }

  async #act(guest: Guest, step: GuestStep, log: Logger): Promise<void> {
    const key = keyOf(guest);
    try {
      await apply(guest, step, this.#hands);
    } catch (error) {
      // The next pass tells users of it; when that is, the controller decides.
      const isTrouble = error instanceof PortError && !(error instanceof Conflict);
      if (isTrouble) this.#memory.failed(key, step.kind, error);
      throw error;
    }
    this.#memory.succeeded(key);
    log.info({ step: step.kind, boot: guest.spec.boot, token: guest.spec.token }, "step done");
  }

  #forget(key: string): void {
    this.#sessions.drop(key);
    this.#memory.forget(key);
    this.#networks.forget(key);
    this.#claims.forget(key);
  }
}

function afterwards(seconds: number | undefined): ReconcileResult {
  return seconds === undefined ? { kind: "done" } : { kind: "again", afterSeconds: seconds };
}
