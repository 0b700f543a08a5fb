// SPDX-License-Identifier: Apache-2.0
import { type Clock, microTimestampOf } from "../ports/clock.ts";
import { NotFound } from "../ports/errors.ts";
import { type KubeStore, type Lease, resources } from "../ports/kube.ts";
import { LeaseWitness } from "./lease-witness.ts";

export interface LeaseLockOptions {
  readonly kube: KubeStore;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly clock: Clock;
  /** How long the others wait after the last renewal that they saw. */
  readonly durationSeconds: number;
}

type LeaseSpec = NonNullable<Lease["spec"]>;

const fieldManager = "kilonova-leader-election";

/**
 * A Lease that one process at a time holds. Its times are for people: whether it ran out is judged
 * by how long, on our own monotonic clock, we have seen it unchanged.
 */
export class LeaseLock {
  readonly #options: LeaseLockOptions;
  readonly #witness = new LeaseWitness();
  #seen: { readonly lease: Lease; readonly sinceMs: number } | undefined;
  #hasGoneBack = false;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
  }

  /** Whether the Lease names us, as far as we saw. */
  get isOurs(): boolean {
    return this.#seen !== undefined && this.#isHeldByUs(this.#seen.lease);
  }

  /** Whether it was seen to say less than we wrote: the API server was restored from a backup. */
  get hasGoneBack(): boolean {
    return this.#hasGoneBack;
  }

  /**
   * Whether the API server says at this moment that we hold the Lease, in words that we wrote: then what
   * it answered us since we took it is of one history.
   */
  async isProven(): Promise<boolean> {
    const { confirmed } = this.#witness;
    const lease = await this.#read();
    if (lease === undefined || !this.#isHeldByUs(lease)) return false;
    return this.#witness.agrees(lease.spec?.renewTime, confirmed);
  }

  /** Takes the Lease if it is free, ran out or names us; false when another holds it. */
  async tryTake(): Promise<boolean> {
    const lease = await this.refresh();
    if (this.#isHeldByOther()) return false;
    const { identity, durationSeconds } = this.#options;
    const now = this.#nowText();
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: durationSeconds,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: (lease?.spec?.leaseTransitions ?? -1) + 1,
    };
    if (lease === undefined) await this.#create(spec);
    else await this.#update(lease, spec);
    return true;
  }

  /** Tells the others that we live. Throws Conflict when the Lease changed, NotFound when it is gone. */
  async renew(): Promise<void> {
    const lease = this.#held();
    await this.#update(lease, { ...lease.spec, renewTime: this.#nowText() });
  }

  /** Names nobody, so that another may take it at once. Throws as {@link renew} does. */
  async release(): Promise<void> {
    const lease = this.#held();
    const { holderIdentity: _, ...spec } = lease.spec ?? {};
    await this.#update(lease, { ...spec, renewTime: this.#nowText() });
  }

  /** Reads the Lease; undefined when there is none. */
  async refresh(): Promise<Lease | undefined> {
    const { confirmed } = this.#witness;
    const lease = await this.#read();
    // What was seen is kept: whoever held a Lease that was deleted may still work for a while.
    if (lease === undefined) return undefined;
    this.#see(lease);
    const isWord = this.#witness.agrees(lease.spec?.renewTime, confirmed);
    if (this.isOurs && !isWord) this.#hasGoneBack = true;
    return lease;
  }

  async #read(): Promise<Lease | undefined> {
    const { kube, namespace, name } = this.#options;
    try {
      return await kube.get(resources.leases, { namespace, name });
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  #isHeldByUs({ spec }: Lease): boolean {
    return spec?.holderIdentity === this.#options.identity;
  }

  #isHeldByOther(): boolean {
    if (this.#seen === undefined || this.isOurs) return false;
    const { holderIdentity, leaseDurationSeconds } = this.#seen.lease.spec ?? {};
    if (holderIdentity === undefined || holderIdentity === "") return false;
    const unchangedMs = this.#options.clock.monotonicMs() - this.#seen.sinceMs;
    return unchangedMs < (leaseDurationSeconds ?? this.#options.durationSeconds) * 1000;
  }

  #held(): Lease {
    if (this.#seen === undefined) throw new Error("a Lease is taken before it is renewed");
    return this.#seen.lease;
  }

  async #create(spec: LeaseSpec): Promise<void> {
    const { kube, namespace, name } = this.#options;
    const lease: Lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace, name },
      spec,
    };
    await this.#write(spec, kube.create(resources.leases, lease, { fieldManager }));
  }

  async #update(lease: Lease, spec: LeaseSpec): Promise<void> {
    const { kube } = this.#options;
    await this.#write(spec, kube.update(resources.leases, { ...lease, spec }, { fieldManager }));
  }

  async #write({ renewTime = "" }: LeaseSpec, writing: Promise<Lease>): Promise<void> {
    this.#witness.writes(renewTime);
    const written = await writing;
    this.#witness.confirms(written.spec?.renewTime);
    this.#see(written);
  }

  #see(lease: Lease): void {
    const isUnchanged =
      this.#seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion &&
      this.#seen?.lease.metadata.uid === lease.metadata.uid;
    if (!isUnchanged) this.#seen = { lease, sinceMs: this.#options.clock.monotonicMs() };
  }

  #nowText(): string {
    return microTimestampOf(this.#options.clock);
  }
}
