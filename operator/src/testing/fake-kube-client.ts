// SPDX-License-Identifier: Apache-2.0
import { keyOf } from "../platform/object-key.ts";
import type { Clock } from "../ports/clock.ts";
import { AlreadyExists, PortError, Refused } from "../ports/errors.ts";
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
import type { Gate } from "./access/access.ts";
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
import type { Tables } from "./fake-kube-tables.ts";
import { eventOf, OpenWatch } from "./fake-kube-watch.ts";
import { created, deleted, isFinished, reapplied, replaced } from "./fake-kube-writing.ts";

/** A write as a client asks for it. */
export interface KubeWrite {
  readonly verb: "create" | "update" | "updateStatus" | "apply" | "patch" | "delete";
  readonly kind: string;
  readonly key: string;
  /** Whose client it was; absent for the one without an identity. */
  readonly user?: string;
}

/** What somebody was not allowed, and in which words. */
export interface KubeDenial {
  readonly user: string;
  readonly verb: string;
  readonly kind: string;
  readonly message: string;
}

/** What all clients of one API server share. */
export interface KubeState {
  readonly clock: Clock;
  readonly random: Random;
  readonly tables: Tables;
  readonly terminating: Set<string>;
  readonly watches: Set<OpenWatch>;
  readonly writes: KubeWrite[];
  readonly denials: KubeDenial[];
}

type SubresourceOptions = WriteOptions & { readonly subresource?: "status" };

/** The API server as one client sees it; without a gate, as one who may do everything. */
export class KubeClient implements KubeStore {
  protected readonly state: KubeState;
  readonly #gate: Gate | undefined;

  constructor(state: KubeState, gate?: Gate) {
    this.state = state;
    this.#gate = gate;
  }

  async get<T extends ResourceObject>(type: ResourceType<T>, ref: ObjectRef): Promise<T> {
    this.#authorize(type, "get", ref);
    return toClient(type, this.state.tables.of(type).get(keyOf(ref)).object);
  }

  async list<T extends ResourceObject>(
    type: ResourceType<T>,
    options: ListOptions,
  ): Promise<ListResult<T>> {
    this.#authorize(type, "list", options);
    const table = this.state.tables.of(type);
    const matches = matcherOf(options, table.rules.selectableFields);
    const { objects, version } =
      options.consistency === "cached"
        ? table.cached()
        : { objects: table.objects(), version: this.state.tables.version };
    const items = objects.filter(matches).map((object) => toClient(type, object));
    return { items, resourceVersion: String(version) };
  }

  async *watch<T extends ResourceObject>(
    type: ResourceType<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    this.#authorize(type, "watch", options);
    const { tables, clock, watches } = this.state;
    const table = tables.of(type);
    const matches = matcherOf(options, table.rules.selectableFields);
    const watch = new OpenWatch({
      history: table.history,
      clock,
      version: Number(options.resourceVersion),
      timeoutSeconds: options.timeoutSeconds,
      currentVersion: () => tables.version,
    });
    watches.add(watch);
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
      watches.delete(watch);
    }
  }

  async create<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    return this.#write(type, { verb: "create", ref: object.metadata }, (table, key) =>
      this.#inserted(table, key, { sent: received(object), writer: updater(options) }),
    );
  }

  async update<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    return this.#write(type, { verb: "update", ref: object.metadata }, (table, key) =>
      replacement(table, key, { sent: received(object), writer: updater(options) }),
    );
  }

  async updateStatus<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    const writer = updater({ ...options, subresource: "status" });
    const call = { verb: "updateStatus", ref: object.metadata, subresource: "status" } as const;
    return this.#write(type, call, (table, key) =>
      replacement(table, key, { sent: received(object), writer }),
    );
  }

  async apply<T extends ResourceObject>(
    type: ResourceType<T>,
    object: ApplyObject,
    options: SubresourceOptions,
  ): Promise<T> {
    const writer: Writer = { ...updater(options), operation: "Apply" };
    const { subresource } = options;
    return this.#write(type, { verb: "apply", ref: object.metadata, subresource }, (table, key) => {
      const config = received(object);
      if (subresource === undefined && !table.has(key)) {
        this.#authorize(type, "create", object.metadata);
        return this.#inserted(table, key, { sent: config, writer });
      }
      const current = table.get(key);
      return { old: current, next: reapplied(table, writer, { current, sent: config }) };
    });
  }

  async patch<T extends ResourceObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions,
  ): Promise<T> {
    return this.#write(type, { verb: "patch", ref }, (table, key) => {
      const { object } = table.get(key);
      const patched = mergePatch(object, overTheWire(patch)) as StoredObject;
      return replacement(table, key, { sent: patched, writer: updater(options) });
    });
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    this.#write(type, { verb: "delete", ref }, (table, key) => {
      const current = table.get(key);
      assertCurrent(current.object, options);
      return { old: current, next: deleted(table, current, { options, clock: this.state.clock }) };
    });
  }

  /** Ends the deletion of namespaces that are empty now. */
  protected finishNamespaces(): void {
    const { terminating, tables } = this.state;
    for (const namespace of terminating) {
      if (tables.placesIn(namespace).length === 0) terminating.delete(namespace);
    }
  }

  #write<T extends ResourceObject>(
    type: ResourceType<T>,
    call: Call,
    decide: (table: Table, key: string) => Decision,
  ): T {
    const { verb, ref, subresource } = call;
    const key = keyOf(ref);
    if (type.isNamespaced !== key.includes("/")) {
      throw new TypeError(`${type.kind} ${key}: namespace missing or out of place`);
    }
    this.#authorize(type, requestVerbs[verb], ref, subresource);
    const table = this.state.tables.of(type);
    const decision = decide(table, key);
    this.#admit(type, call, decision);
    const object = commit(table, key, decision);
    const user = this.#gate?.identity.user;
    this.state.writes.push({ verb, kind: type.kind, key, ...(user !== undefined && { user }) });
    this.finishNamespaces();
    return toClient(type, object);
  }

  #inserted(table: Table, key: string, { sent, writer }: Submission): Decision {
    const { namespace, resourceVersion } = sent.metadata;
    const { terminating, clock, random } = this.state;
    if (resourceVersion !== undefined) throw new TypeError(`${table.type.kind} ${key}: is not new`);
    if (namespace !== undefined && terminating.has(namespace)) {
      throw new Refused("Forbidden", `namespace ${namespace} is being terminated`);
    }
    if (table.has(key)) throw new AlreadyExists(`${table.type.plural} "${key}" already exists`);
    return { old: undefined, next: created(table, writer, { sent, clock, random }) };
  }

  #authorize(
    type: ResourceType,
    verb: string,
    { namespace, name }: Partial<ObjectRef>,
    subresource?: string,
  ): void {
    const { group, plural: resource } = type;
    // A new object has no name for the authorizer: the path of the request names the collection.
    const named = verb === "create" ? undefined : name;
    this.#record(type, verb, (gate) =>
      gate.authorize({ verb, group, resource, subresource, namespace, name: named }),
    );
  }

  #admit(type: ResourceType, { verb, ref, subresource }: Call, { old, next }: Decision): void {
    const { group, version, plural: resource } = type;
    const isDeletion = verb === "delete";
    const operation = isDeletion ? "DELETE" : old === undefined ? "CREATE" : "UPDATE";
    const requestVerb = old === undefined ? "create" : requestVerbs[verb];
    this.#record(type, verb, (gate) =>
      gate.admit({
        ...{ verb: requestVerb, group, version, resource, subresource, operation },
        ...{ namespace: ref.namespace, name: ref.name },
        object: isDeletion || next === "gone" ? undefined : next.object,
        oldObject: old?.object,
      }),
    );
  }

  #record({ kind }: ResourceType, verb: string, ask: (gate: Gate) => void): void {
    if (this.#gate === undefined) return;
    try {
      ask(this.#gate);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      const { user } = this.#gate.identity;
      this.state.denials.push({ user, verb, kind, message: error.message });
      throw error;
    }
  }
}

interface Call {
  readonly verb: KubeWrite["verb"];
  readonly ref: ObjectRef;
  readonly subresource?: "status" | undefined;
}

/** What a write makes of an object, before anybody may still refuse it. */
interface Decision {
  readonly old: Stored | undefined;
  readonly next: Stored | "gone";
}

/** What a client sent, and who it is. */
interface Submission {
  readonly sent: StoredObject;
  readonly writer: Writer;
}

/** The verbs of the API server for those of the port. */
const requestVerbs: Readonly<Record<KubeWrite["verb"], string>> = {
  create: "create",
  update: "update",
  updateStatus: "update",
  apply: "patch",
  patch: "patch",
  delete: "delete",
};

function updater({ fieldManager, subresource }: SubresourceOptions): Writer {
  return { manager: fieldManager, operation: "Update", subresource: subresource ?? "" };
}

function replacement(table: Table, key: string, { sent, writer }: Submission): Decision {
  const current = table.get(key);
  if (table.rules.isUpdateConditional && sent.metadata.resourceVersion === undefined) {
    throw new Refused("Invalid", "metadata.resourceVersion: must be specified for an update");
  }
  assertCurrent(current.object, sent.metadata);
  return { old: current, next: replaced(table, writer, { current, sent }) };
}

/** Stores what was decided, or removes an object that nothing keeps from its deletion any more. */
function commit(table: Table, key: string, { old, next }: Decision): StoredObject {
  if (next !== "gone" && !isFinished(next.object)) return table.put(key, next);
  table.remove(key);
  return next === "gone" ? (old?.object as StoredObject) : next.object;
}
