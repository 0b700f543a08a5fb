// SPDX-License-Identifier: Apache-2.0
import { annotation, fieldManager } from "../../api/names.ts";
import { type ForgottenGuest, writeTestimony } from "../../core/guest/testimony.ts";
import { HistoryWentBack, LeaseWitness } from "../../platform/lease-witness.ts";
import type { Logger } from "../../platform/logging.ts";
import { pause } from "../../platform/pause.ts";
import { type Clock, microTimestampOf } from "../../ports/clock.ts";
import { Conflict, NotFound, PortError, TimedOut } from "../../ports/errors.ts";
import { type KubeStore, type Lease, resources } from "../../ports/kube.ts";

export interface HeartbeatOptions {
  readonly kube: KubeStore;
  /** Namespace of the Leases of all nodes. */
  readonly namespace: string;
  /** Name of the node, of its Lease and of the Lease's holder. */
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** What began here and has no Guest; undefined as long as the Guests are not known. Throws PortError. */
  readonly forgotten: () => Promise<readonly ForgottenGuest[] | undefined>;
}

const intervalSeconds = 5;
/** For those who look: the operator times the changes by its own clock. */
const leaseDurationSeconds = 20;
/** What a look at the node's disk may take, so that a disk that hangs delays no beat for long. */
const lookSecondsMax = 2;

/**
 * Tells that this node's agent is alive, by renewing a Lease, and what of its node the API server has
 * forgotten. The Lease is the agent's witness as well: it is what shows that history went back.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #witness = new LeaseWitness();
  /** As it was last written: a renewal is one write, and no read. */
  #lease: Lease | undefined;
  #hasFailed = false;
  /** It cannot say what the API server has forgotten, and has told so. */
  #isMute = false;
  /** A look at the node's disk has not come to an end. */
  #isLooking = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /**
   * Beats until aborted. A beat that fails is not repeated: the next one follows as ever. Throws
   * HistoryWentBack when all that the agent has read may be of another history.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await this.#tryBeat();
      await pause(clock, intervalSeconds * 1000, signal);
    }
  }

  async #tryBeat(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#beat();
      if (this.#hasFailed) log.info("heartbeat goes on");
      this.#hasFailed = false;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (!this.#hasFailed) log.warn({ err: error, reason: error.reason }, "heartbeat failed");
      this.#hasFailed = true;
    }
  }

  async #beat(): Promise<void> {
    try {
      this.#lease ??= await this.#find();
      const next = await this.#renewed(this.#lease ?? this.#new());
      this.#witness.writes(next.spec?.renewTime ?? "");
      this.#lease = await this.#write(next);
      this.#witness.confirms(this.#lease.spec?.renewTime);
    } catch (error) {
      // Somebody else wrote or removed it: it is looked at, and written by the next beat.
      if (error instanceof Conflict || error instanceof NotFound) this.#lease = await this.#find();
      throw error;
    }
  }

  async #find(): Promise<Lease | undefined> {
    const { kube, namespace, nodeName: name } = this.#options;
    const { confirmed } = this.#witness;
    const lease = await unlessMissing(kube.get(resources.leases, { namespace, name }));
    if (this.#witness.agrees(lease?.spec?.renewTime, confirmed)) return lease;
    throw new HistoryWentBack(`${namespace}/${name}`);
  }

  #new(): Lease {
    const { namespace, nodeName: name } = this.#options;
    const metadata = { namespace, name };
    return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata };
  }

  /** A disk that cannot be read, or hangs, tells of no guest, and is no reason to be taken for dead. */
  async #forgotten(): Promise<readonly ForgottenGuest[] | undefined> {
    const { log } = this.#options;
    try {
      const guests = await this.#look();
      this.#isMute = false;
      return guests;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      const fields = { err: error, reason: error.reason };
      if (!this.#isMute) log.error(fields, "guests without an object not known");
      this.#isMute = true;
      return undefined;
    }
  }

  /** One look at a time: each that hangs keeps a thread. What comes late is of a state that has passed. */
  #look(): Promise<readonly ForgottenGuest[] | undefined> {
    const { forgotten, clock } = this.#options;
    const silence = new TimedOut(`the node's disk did not answer within ${lookSecondsMax} s`);
    if (this.#isLooking) return Promise.reject(silence);
    this.#isLooking = true;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(lookSecondsMax * 1000, () => reject(silence));
      const end = (): void => {
        cancel();
        this.#isLooking = false;
      };
      void forgotten().then(resolve, reject).finally(end);
    });
  }

  async #renewed(lease: Lease): Promise<Lease> {
    const forgotten = await this.#forgotten();
    const { [annotation.forgotten]: _old, ...others } = lease.metadata.annotations ?? {};
    const testimony = forgotten && { [annotation.forgotten]: writeTestimony(forgotten) };
    const metadata = { ...lease.metadata, annotations: { ...others, ...testimony } };
    return { ...lease, metadata, spec: { ...lease.spec, ...this.#claim() } };
  }

  #write(lease: Lease): Promise<Lease> {
    const { kube } = this.#options;
    const options = { fieldManager: fieldManager.agent };
    return lease.metadata.resourceVersion === undefined
      ? kube.create(resources.leases, lease, options)
      : kube.update(resources.leases, lease, options);
  }

  #claim(): NonNullable<Lease["spec"]> {
    const { clock, nodeName } = this.#options;
    return {
      holderIdentity: nodeName,
      leaseDurationSeconds,
      renewTime: microTimestampOf(clock),
    };
  }
}

async function unlessMissing(answer: Promise<Lease>): Promise<Lease | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
