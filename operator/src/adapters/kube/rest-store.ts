// SPDX-License-Identifier: Apache-2.0
import { PortError, Unavailable } from "../../ports/errors.ts";
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
} from "../../ports/kube.ts";
import { decodeObject, isRecord } from "./object-decoding.ts";
import { resourcePath } from "./resource-path.ts";
import { errorOfStatus, isStatus } from "./status-errors.ts";
import type { Transport, TransportRequest } from "./transport.ts";

const requestSeconds = 30;
const listSeconds = 60;
const pageSize = 500;
const itemsMax = 500_000;
const json = "application/json";

type SubresourceOptions = WriteOptions & { readonly subresource?: "status" };

/** The port KubeStore over the API server's REST interface. */
export class RestStore implements KubeStore {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get<T extends ResourceObject>(type: ResourceType<T>, ref: ObjectRef): Promise<T> {
    return this.#object(type, { method: "GET", path: resourcePath(type, ref) });
  }

  async list<T extends ResourceObject>(
    type: ResourceType<T>,
    options: ListOptions,
  ): Promise<ListResult<T>> {
    const items: T[] = [];
    let continuation: string | undefined;
    for (;;) {
      const page = await this.#page(type, options, continuation);
      for (const item of page.items) items.push(decodeObject(type, item));
      if (page.continuation === undefined) return { items, resourceVersion: page.version };
      if (items.length > itemsMax) {
        throw new PortError("TooLong", `there are more than ${itemsMax} ${type.plural}`);
      }
      continuation = page.continuation;
    }
  }

  async *watch<T extends ResourceObject>(
    type: ResourceType<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
    const path = resourcePath(
      type,
      { namespace },
      {
        watch: 1,
        allowWatchBookmarks: "true",
        labelSelector,
        fieldSelector,
        resourceVersion,
        timeoutSeconds,
      },
    );
    const request = { method: "GET", path, timeoutSeconds: requestSeconds } as const;
    for await (const line of this.#transport.stream(request, signal)) {
      yield decodeEvent(type, line);
    }
  }

  async create<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    const { namespace, name, resourceVersion } = object.metadata;
    if (type.isNamespaced && namespace === undefined) {
      throw new TypeError(`${type.kind} ${name}: has no namespace`);
    }
    // The API server would say "internal error", which looks as if it were worth another try.
    if (resourceVersion !== undefined) throw new TypeError(`${type.kind} ${name}: is not new`);
    const path = resourcePath(type, { namespace }, writeQuery(options));
    return this.#object(type, { method: "POST", path, body: { contentType: json, value: object } });
  }

  update<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    return this.#put(type, object, options);
  }

  updateStatus<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    return this.#put(type, object, { ...options, subresource: "status" });
  }

  apply<T extends ResourceObject>(
    type: ResourceType<T>,
    object: ApplyObject,
    options: SubresourceOptions,
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    const { subresource } = options;
    const query = { ...writeQuery(options), force: "true" };
    const path = resourcePath(type, { namespace, name, subresource }, query);
    // The type says YAML, of which JSON is a part.
    const body = { contentType: "application/apply-patch+yaml", value: object };
    return this.#object(type, { method: "PATCH", path, body });
  }

  patch<T extends ResourceObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions,
  ): Promise<T> {
    const path = resourcePath(type, ref, writeQuery(options));
    const body = { contentType: "application/merge-patch+json", value: patch };
    return this.#object(type, { method: "PATCH", path, body });
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { gracePeriodSeconds, ...preconditions } = options;
    await this.#transport.request({
      method: "DELETE",
      path: resourcePath(type, ref),
      body: {
        contentType: json,
        value: { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds, preconditions },
      },
      timeoutSeconds: requestSeconds,
    });
  }

  #put<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: SubresourceOptions,
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    const { subresource } = options;
    const path = resourcePath(type, { namespace, name, subresource }, writeQuery(options));
    return this.#object(type, { method: "PUT", path, body: { contentType: json, value: object } });
  }

  async #object<T extends ResourceObject>(
    type: ResourceType<T>,
    request: Omit<TransportRequest, "timeoutSeconds">,
  ): Promise<T> {
    const timeoutSeconds = requestSeconds;
    return decodeObject(type, await this.#transport.request({ ...request, timeoutSeconds }));
  }

  async #page(type: ResourceType, options: ListOptions, continuation: string | undefined) {
    const { namespace, labelSelector, fieldSelector, consistency } = options;
    const query = {
      labelSelector,
      fieldSelector,
      limit: pageSize,
      continue: continuation,
      resourceVersion: consistency === "cached" ? "0" : undefined,
    };
    const path = resourcePath(type, { namespace }, query);
    const answer = await this.#transport.request({
      method: "GET",
      path,
      timeoutSeconds: listSeconds,
    });
    if (!isRecord(answer) || !isRecord(answer["metadata"])) {
      throw new Unavailable(`the API server sent something that is not a list of ${type.plural}`);
    }
    const next = answer["metadata"]["continue"];
    return {
      items: Array.isArray(answer["items"]) ? (answer["items"] as unknown[]) : [],
      version: String(answer["metadata"]["resourceVersion"]),
      continuation: typeof next === "string" && next !== "" ? next : undefined,
    };
  }
}

/** Unknown members are an error: dropped in silence, a field could change what becomes of a disk. */
function writeQuery({ fieldManager }: WriteOptions) {
  return { fieldManager, fieldValidation: "Strict" };
}

function decodeEvent<T extends ResourceObject>(type: ResourceType<T>, line: string): WatchEvent<T> {
  const event = parseEvent(line);
  if (isStatus(event.object)) throw errorOfStatus(event.object);
  const object = decodeObject(type, event.object);
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object };
    case "BOOKMARK":
      return { type: event.type, resourceVersion: versionOf(object) };
    default:
      throw new Unavailable(`the API server sent a watch event of type ${String(event.type)}`);
  }
}

/** A watch from no version would begin anew, and tell of no deletion. */
function versionOf({ metadata }: ResourceObject): string {
  if (metadata.resourceVersion !== undefined) return metadata.resourceVersion;
  throw new Unavailable("the API server sent a bookmark without a version");
}

function parseEvent(line: string): { readonly type: unknown; readonly object: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    if (isRecord(event)) return { type: event["type"], object: event["object"] };
  } catch {
    // Reported below.
  }
  throw new Unavailable("the API server sent a watch event that is not JSON");
}
