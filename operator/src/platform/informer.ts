// SPDX-License-Identifier: Apache-2.0
import { isEqual } from "../api/equal.ts";
import type { ResourceObject } from "../ports/kube.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { type Indexer, ObjectCache } from "./object-cache.ts";
import { keyOf } from "./object-key.ts";
import { pause } from "./pause.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";

export { keyOf, refOf } from "./object-key.ts";

export interface InformerOptions<T extends ResourceObject>
  extends Omit<ReflectorOptions<T>, "sink"> {
  /** Named ways to find objects: each returns the values that an object is found by. */
  readonly indexes?: Readonly<Record<string, Indexer<T>>>;
  /** What of an object is kept: the cache holds all that there are. Everything by default. */
  readonly keep?: (object: T) => T;
  /** How often every object is handed to the handlers again; never by default. */
  readonly resyncSeconds?: number;
}

/**
 * One object came, changed (also: was replaced by another of its name), or went (`current` is
 * undefined). A resync hands out the same object as both.
 */
export interface Change<T> {
  readonly key: string;
  readonly old: T | undefined;
  readonly current: T | undefined;
}

/**
 * A local copy of one resource, kept fresh. Objects are frozen. What it holds may be old: whoever
 * gives a right away reads from the API server first.
 */
export class Informer<T extends ResourceObject> {
  readonly #options: InformerOptions<T>;
  readonly #cache: ObjectCache<T>;
  readonly #reflector: Reflector<T>;
  readonly #handlers: ((change: Change<T>) => void)[] = [];
  readonly #syncWaiters = new Set<() => void>();
  #hasSynced = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#cache = new ObjectCache(options.indexes ?? {});
    options.metrics?.cachedObjects.show(options.type.plural, () => this.#cache.size);
    this.#reflector = new Reflector({
      ...options,
      sink: {
        replace: (objects) => this.#replace(objects.map((object) => this.#kept(object))),
        upsert: (object) => this.#put(keyOf(object), this.#kept(object)),
        remove: (object) => this.#put(keyOf(object), undefined),
      },
    });
  }

  /** Runs until aborted, and does not reject. Call once. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#reflector.run(signal), this.#resync(signal)]);
  }

  /** Whether the first list is in the cache and the handlers saw it. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves when {@link hasSynced}; rejects with the signal's reason when that aborts first. */
  synced(signal: AbortSignal): Promise<void> {
    if (this.#hasSynced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        signal.removeEventListener("abort", abandon);
        resolve();
      };
      const abandon = (): void => {
        this.#syncWaiters.delete(finish);
        reject(signal.reason as Error);
      };
      if (signal.aborted) return abandon();
      signal.addEventListener("abort", abandon, { once: true });
      this.#syncWaiters.add(finish);
    });
  }

  /** By the key of {@link keyOf}. */
  get(key: string): T | undefined {
    return this.#cache.get(key);
  }

  list(): T[] {
    return this.#cache.list();
  }

  /** Objects that the named index finds by `value`. */
  byIndex(index: string, value: string): T[] {
    return this.#cache.byIndex(index, value);
  }

  /** Calls `handler` after each change, when the cache holds it already. Register before `run`. */
  onChange(handler: (change: Change<T>) => void): void {
    this.#handlers.push(handler);
  }

  #kept(object: T): T {
    return this.#options.keep?.(object) ?? object;
  }

  #replace(objects: readonly T[]): void {
    const gone = new Set(this.#cache.keys());
    const changes: Change<T>[] = [];
    for (const object of objects) {
      const key = keyOf(object);
      gone.delete(key);
      if (!this.#isKnown(key, object)) changes.push(this.#change(key, deepFreeze(object)));
    }
    for (const key of gone) changes.push(this.#change(key, undefined));
    // Handlers run when the cache is whole: they may look at any object in it.
    for (const change of changes) this.#notify(change);
    this.#hasSynced = true;
    for (const finish of this.#syncWaiters) finish();
    this.#syncWaiters.clear();
  }

  #put(key: string, object: T | undefined): void {
    if (object === undefined ? this.get(key) === undefined : this.#isKnown(key, object)) return;
    this.#notify(this.#change(key, deepFreeze(object)));
  }

  #isKnown(key: string, object: T): boolean {
    const known = this.get(key);
    if (known?.metadata.resourceVersion !== object.metadata.resourceVersion) return false;
    // After a restore of etcd the same version may be of something else.
    return isEqual(known, object);
  }

  #change(key: string, current: T | undefined): Change<T> {
    const old = this.#cache.put(key, current);
    return { key, old, current };
  }

  #notify(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        // One handler's bug must not keep the others, or the cache, from the change.
        const resource = this.#options.type.plural;
        this.#options.log.error({ err: error, resource, key: change.key }, "handler failed");
      }
    }
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { resyncSeconds, clock } = this.#options;
    if (resyncSeconds === undefined) return;
    while (!signal.aborted) {
      await pause(clock, resyncSeconds * 1000, signal);
      if (signal.aborted) return;
      for (const key of this.#cache.keys()) {
        const object = this.get(key);
        this.#notify({ key, old: object, current: object });
      }
    }
  }
}
