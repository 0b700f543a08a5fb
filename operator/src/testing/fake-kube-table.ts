// SPDX-License-Identifier: Apache-2.0
import { isEqual } from "../api/equal.ts";
import type { Clock } from "../ports/clock.ts";
import { Conflict, NotFound } from "../ports/errors.ts";
import type { ResourceType } from "../ports/kube.ts";
import { History } from "./fake-kube-history.ts";
import { type KindRules, rulesOf } from "./fake-kube-kinds.ts";
import { type StoredObject } from "./fake-kube-object.ts";
import { isSameOwners, type Owners } from "./fake-kube-owners.ts";

export interface Stored {
  readonly object: StoredObject;
  readonly owners: Owners;
}

/** One version counter for all tables, as etcd has. */
export class Revision {
  #current = 0;

  get current(): number {
    return this.#current;
  }

  next(): number {
    this.#current += 1;
    return this.#current;
  }

  restore(version: number): void {
    this.#current = version;
  }
}

/** The objects of one resource, by key, and their history. */
export class Table {
  readonly type: ResourceType;
  readonly rules: KindRules;
  readonly history: History;
  readonly #revision: Revision;
  #objects = new Map<string, Stored>();

  constructor(type: ResourceType, clock: Clock, revision: Revision) {
    this.type = type;
    this.rules = rulesOf(type);
    this.history = new History(clock);
    this.#revision = revision;
  }

  /** Throws NotFound. */
  get(key: string): Stored {
    const stored = this.#objects.get(key);
    if (stored === undefined) throw new NotFound(`${this.type.plural} "${key}" not found`);
    return stored;
  }

  has(key: string): boolean {
    return this.#objects.has(key);
  }

  /** In the order of their keys, as etcd lists them. */
  objects(): StoredObject[] {
    return sorted(new Map([...this.#objects].map(([key, { object }]) => [key, object])));
  }

  /** The same without the changes that have not reached the cache yet, and its version. */
  cached(): { readonly objects: StoredObject[]; readonly version: number } {
    const objects = new Map([...this.#objects].map(([key, { object }]) => [key, object]));
    const unseen = this.history.unseen();
    for (const { before, after } of unseen) {
      const key = keyIn(after);
      if (before === undefined) objects.delete(key);
      else objects.set(key, before);
    }
    const oldest = unseen.at(-1);
    const version = oldest === undefined ? this.#revision.current : oldest.version - 1;
    return { objects: sorted(objects), version };
  }

  backup(): ReadonlyMap<string, Stored> {
    return new Map(this.#objects);
  }

  /** Puts back what a backup holds. */
  restore(backup: ReadonlyMap<string, Stored>): void {
    this.#objects = new Map(backup);
    this.history.restart(this.#revision.current);
  }

  /** Writes an object; one that says nothing new keeps its version, and nobody hears of it. */
  put(key: string, { object, owners }: Stored): StoredObject {
    const before = this.#objects.get(key);
    if (
      before !== undefined &&
      isEqual(before.object, object) &&
      isSameOwners(before.owners, owners)
    ) {
      return before.object;
    }
    const version = this.#revision.next();
    const after = atVersion(object, version);
    this.#objects.set(key, { object: after, owners });
    this.history.append({ version, before: before?.object, after, isDeletion: false });
    return after;
  }

  remove(key: string): void {
    const { object } = this.get(key);
    const version = this.#revision.next();
    this.#objects.delete(key);
    const after = atVersion(object, version);
    this.history.append({ version, before: object, after, isDeletion: true });
  }
}

/** Throws Conflict unless the object is the one, and at the version, that the client names. */
export function assertCurrent(
  { metadata }: StoredObject,
  expected: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): void {
  const isOther = expected.uid !== undefined && expected.uid !== metadata.uid;
  const isStale =
    expected.resourceVersion !== undefined && expected.resourceVersion !== metadata.resourceVersion;
  if (isOther || isStale) {
    throw new Conflict(`"${metadata.name}": the object has been modified`);
  }
}

/** The key of an object. */
export function keyIn({ metadata }: StoredObject): string {
  const { namespace, name } = metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function sorted(objects: ReadonlyMap<string, StoredObject>): StoredObject[] {
  return [...objects.entries()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, object]) => object);
}

function atVersion(object: StoredObject, version: number): StoredObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}
