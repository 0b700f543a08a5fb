// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import { type PortError, Unavailable } from "../ports/errors.ts";
import type { KubeStore, ResourceObject, ResourceType } from "../ports/kube.ts";
import type { Random } from "../ports/random.ts";
import { type Access, chartAccess } from "./access/access.ts";
import type { Identity } from "./access/identities.ts";
import { KubeClient, type KubeDenial, type KubeWrite } from "./fake-kube-client.ts";
import { toClient } from "./fake-kube-object.ts";
import { type Backup, type Place, Tables } from "./fake-kube-tables.ts";
import { deleted } from "./fake-kube-writing.ts";

export type { KubeDenial, KubeWrite } from "./fake-kube-client.ts";

export interface FakeKubeOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What clients of {@link FakeKube.as} may do; what the chart gives them when absent. */
  readonly access?: Access;
}

/**
 * An API server in memory. It answers at once and in one order; faults and delays of clients are put
 * around it with `interceptKube`, those of watches are its own methods. What it does is held equal to
 * a real API server by `kube-store.conformance.ts` and `access.conformance.ts`. Lists of kinds that are
 * not ours are applied as a whole. Used itself it may do everything: it is the hand of the test.
 */
export class FakeKube extends KubeClient {
  readonly #access: Access | undefined;
  /** How often {@link backup} was asked for. */
  backups = 0;

  constructor({ clock, random, access }: FakeKubeOptions) {
    const tables = new Tables(clock);
    super({
      ...{ clock, random, tables },
      terminating: new Set(),
      watches: new Set(),
      writes: [],
      denials: [],
    });
    this.#access = access;
  }

  /** Every write that succeeded, in order, also those that changed nothing. */
  get writes(): KubeWrite[] {
    return this.state.writes;
  }

  /** Every call that rights or admission policies refused, in order. */
  get denials(): readonly KubeDenial[] {
    return this.state.denials;
  }

  /** What is stored of a kind now, whatever watches have seen. */
  stored<T extends ResourceObject>(type: ResourceType<T>): readonly T[] {
    const objects = this.state.tables.of(type).objects();
    return objects.map((object) => toClient(type, object));
  }

  /** The same API server as somebody sees it who has only the rights that he was given. */
  as(identity: Identity): KubeStore {
    return new KubeClient(this.state, (this.#access ?? defaultAccess()).gateOf(identity));
  }

  /** How long a change takes to be seen by watches and cached lists. */
  get watchLagMs(): number {
    return this.state.tables.watchLagMs;
  }

  set watchLagMs(lagMs: number) {
    this.state.tables.watchLagMs = lagMs;
  }

  /** The same for one kind: watches of different kinds then see changes in different orders. */
  delayWatches(type: ResourceType, lagMs: number): void {
    this.state.tables.of(type).history.lagMs = lagMs;
  }

  /** Ends every open watch, with the error if there is one; some events may then never have come. */
  dropWatches(error?: PortError): void {
    for (const watch of this.state.watches) watch.drop(error);
  }

  /** Cuts the connection of every open watch without either side noticing. */
  silenceWatches(): void {
    for (const watch of this.state.watches) watch.silence();
  }

  /** Tells every open watch how far it has seen. */
  sendBookmarks(): void {
    for (const watch of this.state.watches) watch.bookmark();
  }

  /** Forgets the history: watches from before now expire. */
  compact(): void {
    this.state.tables.compact();
  }

  backup(): Backup {
    this.backups += 1;
    return this.state.tables.backup();
  }

  /** Goes back to a backup, as an API server whose etcd was restored: versions are given out again. */
  restore(backup: Backup): void {
    this.state.tables.restore(backup);
    this.state.terminating.clear();
    this.dropWatches(new Unavailable("the API server was stopped"));
  }

  /** Deletes what no owner is left of, and what that leaves behind; returns how much it was. */
  collectGarbage(): number {
    let count = 0;
    for (;;) {
      const orphan = this.state.tables.orphan();
      if (orphan === undefined) return count;
      this.#erase(orphan);
      count += 1;
    }
  }

  /** Deletes a namespace and what is in it: nothing can be created there until it is empty. */
  deleteNamespace(namespace: string): void {
    this.state.terminating.add(namespace);
    for (const place of this.state.tables.placesIn(namespace)) this.#erase(place);
    this.finishNamespaces();
  }

  /** Whether a deleted namespace still holds something. */
  isTerminating(namespace: string): boolean {
    return this.state.terminating.has(namespace);
  }

  #erase({ table, key }: Place): void {
    const { clock } = this.state;
    const next = deleted(table, table.get(key), { options: {}, clock });
    if (next === "gone") table.remove(key);
    else table.put(key, next);
  }
}

let ofTheChart: Access | undefined;

/** Read once: the chart does not change while tests run. */
function defaultAccess(): Access {
  ofTheChart ??= chartAccess();
  return ofTheChart;
}
