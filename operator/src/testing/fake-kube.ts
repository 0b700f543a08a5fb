// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import { AlreadyExists, type PortError, Refused, Unavailable } from "../ports/errors.ts";
import type {
  ApplyObject,
  DeleteOptions,
  KubeStore,
  ListOptions,
  ListResult,
  ObjectRef,
  ResourceObject,
  ResourceType,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "../ports/kube.ts";
import type { Random } from "../ports/random.ts";
import { keyOf } from "../platform/object-key.ts";
import {
  mergePatch,
  overTheWire,
  received,
  type StoredObject,
  toClient,
} from "./fake-kube-object.ts";
import type { Writer } from "./fake-kube-owners.ts";
import { matcherOf } from "./fake-kube-selectors.ts";
import { assertCurrent, type Stored, type Table } from "./fake-kube-table.ts";
import { type Backup, Tables } from "./fake-kube-tables.ts";
import { eventOf, OpenWatch } from "./fake-kube-watch.ts";
import { created, deleted, isFinished, reapplied, replaced } from "./fake-kube-writing.ts";

export interface FakeKubeOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** A write that succeeded, also one that changed nothing. */
export interface KubeWrite {
  readonly verb: "create" | "update" | "updateStatus" | "apply" | "patch" | "delete";
  readonly kind: string;
  readonly key: string;
}

type SubresourceOptions = WriteOptions & { readonly subresource?: "status" };

/**
 * An API server in memory. It answers at once and in one order; faults and delays of clients are put
 * around it with `interceptKube`, those of watches are its own methods. What it does is held equal to
 * a real API server by `kube-store.conformance.ts`. Lists of kinds that are not ours are applied as a
 * whole.
 */
export class FakeKube implements KubeStore {
  readonly #options: FakeKubeOptions;
  readonly #tables: Tables;
  readonly #terminating = new Set<string>();
  readonly #watches = new Set<OpenWatch>();

  /** Every write that succeeded, in order. */
  readonly writes: KubeWrite[] = [];

  constructor(options: FakeKubeOptions) {
    this.#options = options;
    this.#tables = new Tables(options.clock);
  }

  async get<T extends ResourceObject>(type: ResourceType<T>, ref: ObjectRef): Promise<T> {
    return toClient(type, this.#tables.of(type).get(keyOf(ref)).object);
  }

  async list<T extends ResourceObject>(
    type: ResourceType<T>,
    options: ListOptions,
  ): Promise<ListResult<T>> {
    const table = this.#tables.of(type);
    const matches = matcherOf(options, table.rules.selectableFields);
    const { objects, version } =
      options.consistency === "cached"
        ? table.cached()
        : { objects: table.objects(), version: this.#tables.version };
    const items = objects.filter(matches).map((object) => toClient(type, object));
    return { items, resourceVersion: String(version) };
  }

  async *watch<T extends ResourceObject>(
    type: ResourceType<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const table = this.#tables.of(type);
    const matches = matcherOf(options, table.rules.selectableFields);
    const watch = new OpenWatch({
      history: table.history,
      clock: this.#options.clock,
      version: Number(options.resourceVersion),
      timeoutSeconds: options.timeoutSeconds,
      currentVersion: () => this.#tables.version,
    });
    this.#watches.add(watch);
    try {
      for (
        let said = await watch.next(signal);
        said !== undefined;
        said = await watch.next(signal)
      ) {
        const event = eventOf(type, said, matches);
        if (event !== undefined) yield event;
      }
    } finally {
      watch.close();
      this.#watches.delete(watch);
    }
  }

  async create<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    return this.#write({ verb: "create", type, key: keyOf(object) }, (table, key) =>
      this.#insert(table, key, { sent: received(object), writer: updater(options) }),
    );
  }

  async update<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    return this.#write({ verb: "update", type, key: keyOf(object) }, (table, key) =>
      replace(table, key, { sent: received(object), writer: updater(options) }),
    );
  }

  async updateStatus<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    const writer = updater({ ...options, subresource: "status" });
    return this.#write({ verb: "updateStatus", type, key: keyOf(object) }, (table, key) =>
      replace(table, key, { sent: received(object), writer }),
    );
  }

  async apply<T extends ResourceObject>(
    type: ResourceType<T>,
    object: ApplyObject,
    options: SubresourceOptions,
  ): Promise<T> {
    const writer: Writer = { ...updater(options), operation: "Apply" };
    return this.#write({ verb: "apply", type, key: keyOf(object.metadata) }, (table, key) => {
      const config = received(object);
      const isCreation = options.subresource === undefined && !table.has(key);
      if (isCreation) return this.#insert(table, key, { sent: config, writer });
      const current = table.get(key);
      return store(table, key, reapplied(table, writer, { current, sent: config }));
    });
  }

  async patch<T extends ResourceObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions,
  ): Promise<T> {
    return this.#write({ verb: "patch", type, key: keyOf(ref) }, (table, key) => {
      const { object } = table.get(key);
      const patched = mergePatch(object, overTheWire(patch)) as StoredObject;
      return replace(table, key, { sent: patched, writer: updater(options) });
    });
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    this.#write({ verb: "delete", type, key: keyOf(ref) }, (table, key) => {
      const current = table.get(key);
      assertCurrent(current.object, options);
      return this.#erase(table, key, options);
    });
  }

  /** How long a change takes to be seen by watches and cached lists. */
  set watchLagMs(lagMs: number) {
    this.#tables.watchLagMs = lagMs;
  }

  /** Ends every open watch, with the error if there is one; some events may then never have come. */
  dropWatches(error?: PortError): void {
    for (const watch of this.#watches) watch.drop(error);
  }

  /** Cuts the connection of every open watch without either side noticing. */
  silenceWatches(): void {
    for (const watch of this.#watches) watch.silence();
  }

  /** Tells every open watch how far it has seen. */
  sendBookmarks(): void {
    for (const watch of this.#watches) watch.bookmark();
  }

  /** Forgets the history: watches from before now expire. */
  compact(): void {
    this.#tables.compact();
  }

  backup(): Backup {
    return this.#tables.backup();
  }

  /** Goes back to a backup, as an API server whose etcd was restored: versions are given out again. */
  restore(backup: Backup): void {
    this.#tables.restore(backup);
    this.dropWatches(new Unavailable("the API server was stopped"));
  }

  /** Deletes what no owner is left of, and what that leaves behind; returns how much it was. */
  collectGarbage(): number {
    let count = 0;
    for (;;) {
      const orphan = this.#tables.orphan();
      if (orphan === undefined) return count;
      this.#erase(orphan.table, orphan.key, {});
      count += 1;
    }
  }

  /** Deletes a namespace and what is in it: nothing can be created there until it is empty. */
  deleteNamespace(namespace: string): void {
    this.#terminating.add(namespace);
    for (const { table, key } of this.#tables.placesIn(namespace)) this.#erase(table, key, {});
    this.#finishNamespaces();
  }

  /** Whether a deleted namespace still holds something. */
  isTerminating(namespace: string): boolean {
    return this.#terminating.has(namespace);
  }

  #write<T extends ResourceObject>(
    { verb, type, key }: Pick<KubeWrite, "verb" | "key"> & { readonly type: ResourceType<T> },
    act: (table: Table, key: string) => StoredObject,
  ): T {
    if (type.isNamespaced !== key.includes("/")) {
      throw new TypeError(`${type.kind} ${key}: namespace missing or out of place`);
    }
    const object = act(this.#tables.of(type), key);
    this.writes.push({ verb, kind: type.kind, key });
    this.#finishNamespaces();
    return toClient(type, object);
  }

  #insert(table: Table, key: string, { sent, writer }: Submission): StoredObject {
    const { namespace, resourceVersion } = sent.metadata;
    if (resourceVersion !== undefined) throw new TypeError(`${table.type.kind} ${key}: is not new`);
    if (namespace !== undefined && this.#terminating.has(namespace)) {
      throw new Refused("Forbidden", `namespace ${namespace} is being terminated`);
    }
    if (table.has(key)) throw new AlreadyExists(`${table.type.plural} "${key}" already exists`);
    return table.put(key, created(table, writer, { sent, ...this.#options }));
  }

  #erase(table: Table, key: string, options: DeleteOptions): StoredObject {
    const current = table.get(key);
    const next = deleted(table, current, { options, clock: this.#options.clock });
    if (next !== "gone") return table.put(key, next);
    table.remove(key);
    return current.object;
  }

  #finishNamespaces(): void {
    for (const namespace of this.#terminating) {
      if (this.#tables.placesIn(namespace).length === 0) this.#terminating.delete(namespace);
    }
  }
}

/** What a client sent, and who it is. */
interface Submission {
  readonly sent: StoredObject;
  readonly writer: Writer;
}

function updater({ fieldManager, subresource }: SubresourceOptions): Writer {
  return { manager: fieldManager, operation: "Update", subresource: subresource ?? "" };
}

function replace(table: Table, key: string, { sent, writer }: Submission): StoredObject {
  const current = table.get(key);
  if (table.rules.isUpdateConditional && sent.metadata.resourceVersion === undefined) {
    throw new Refused("Invalid", "metadata.resourceVersion: must be specified for an update");
  }
  assertCurrent(current.object, sent.metadata);
  return store(table, key, replaced(table, writer, { current, sent }));
}

/** Keeps an object, unless nothing was left to keep it from its deletion. */
function store(table: Table, key: string, next: Stored): StoredObject {
  if (!isFinished(next.object)) return table.put(key, next);
  table.remove(key);
  return next.object;
}
