// SPDX-License-Identifier: Apache-2.0
import type { ResourceObject } from "../ports/kube.ts";

/** By which values an object is found in an index. */
export type Indexer<T> = (object: T) => readonly string[];

/** Objects by key, and by the values of named indexes. */
export class ObjectCache<T extends ResourceObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexers: ReadonlyMap<string, Indexer<T>>;
  /** Index name, then value, to the keys of the objects that have it. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Readonly<Record<string, Indexer<T>>>) {
    this.#indexers = new Map(Object.entries(indexers));
    for (const name of this.#indexers.keys()) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  byIndex(index: string, value: string): T[] {
    const keys = this.#indexes.get(index);
    if (keys === undefined) throw new Error(`there is no index ${index}`);
    return [...(keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Puts the object, or takes it away when `current` is undefined; returns what stood there. */
  put(key: string, current: T | undefined): T | undefined {
    const old = this.#objects.get(key);
    for (const [name, indexer] of this.#indexers) {
      const index = this.#indexes.get(name);
      if (index === undefined) continue;
      if (old !== undefined) for (const value of indexer(old)) unindex(index, value, key);
      if (current !== undefined) for (const value of indexer(current)) enter(index, value, key);
    }
    if (current === undefined) this.#objects.delete(key);
    else this.#objects.set(key, current);
    return old;
  }
}

function enter(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  if (keys === undefined) index.set(value, new Set([key]));
  else keys.add(key);
}

function unindex(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(value);
}
