// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import { Expired } from "../ports/errors.ts";
import type { StoredObject } from "./fake-kube-object.ts";

/** One change of one object. */
export interface HistoryEntry {
  readonly version: number;
  readonly atMs: number;
  /** Undefined when it was created. */
  readonly before: StoredObject | undefined;
  /** What it is now; when it was deleted, what it was last, at the version of the deletion. */
  readonly after: StoredObject;
  readonly isDeletion: boolean;
}

const entriesMax = 10_000;

/** The changes of one resource, as the API server's watch cache holds them. */
export class History {
  readonly #clock: Clock;
  #entries: HistoryEntry[] = [];
  /** Changes up to this version are forgotten. */
  #forgottenVersion = 0;
  /** Called after each change, and when changes were forgotten. */
  readonly listeners = new Set<() => void>();
  /** How long a change takes to reach the cache: watches and cached lists see it only then. */
  lagMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  append(entry: Omit<HistoryEntry, "atMs">): void {
    this.#entries.push({ ...entry, atMs: this.#clock.monotonicMs() });
    if (this.#entries.length > entriesMax) this.#forget(this.#entries.length - entriesMax);
    for (const listener of this.listeners) listener();
  }

  /** Forgets all changes: a watch from before now has expired. */
  compact(): void {
    this.#forget(this.#entries.length);
    for (const listener of this.listeners) listener();
  }

  /** Begins anew at a version, as an API server does that is started on a restored etcd. */
  restart(version: number): void {
    this.#entries = [];
    this.#forgottenVersion = version;
  }

  /** Changes that have not reached the cache yet, newest first. */
  unseen(): HistoryEntry[] {
    return this.#entries.filter((entry) => this.waitMs(entry) > 0).toReversed();
  }

  /** The first change after a version. Throws Expired when it may have been forgotten. */
  after(version: number): HistoryEntry | undefined {
    if (version < this.#forgottenVersion) {
      throw new Expired(`too old resource version: ${version} (${this.#forgottenVersion})`);
    }
    return this.#entries[this.#indexAfter(version)];
  }

  /** How long until the change reaches the cache. */
  waitMs(entry: HistoryEntry): number {
    return entry.atMs + this.lagMs - this.#clock.monotonicMs();
  }

  #indexAfter(version: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#entries[middle]?.version ?? 0) > version) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #forget(count: number): void {
    const forgotten = this.#entries.slice(0, count);
    this.#forgottenVersion = forgotten.at(-1)?.version ?? this.#forgottenVersion;
    this.#entries = this.#entries.slice(count);
  }
}
