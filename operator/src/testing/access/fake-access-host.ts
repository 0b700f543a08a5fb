// SPDX-License-Identifier: Apache-2.0
import { PortError } from "../../ports/errors.ts";
import {
  type KubeStore,
  type ObjectRef,
  type ResourceObject,
  resources,
  type ResourceType,
} from "../../ports/kube.ts";
import type { Method } from "../api-server-client.ts";
import type { FakeKube } from "../fake-kube.ts";
import { isJson, type Json, mergePatch, without } from "../fake-kube-object.ts";
import { type Access } from "./access.ts";
import type { AccessHost } from "./access-host.ts";
import type { Identity } from "./identities.ts";

const writer = { fieldManager: "tester" };

/** Somebody's request to a path, as the fake understands it. */
interface Asked {
  readonly identity: Identity;
  readonly method: Method;
  readonly type: ResourceType;
  readonly ref: Partial<ObjectRef>;
  readonly subresource: string | undefined;
  readonly body: Json;
}

/**
 * The fake API server behind the paths of the real one. What the port can say goes through its clients;
 * of the rest (collections, other subresources) the rights are asked alone.
 */
export function fakeAccessHost(kube: FakeKube, access: Access): AccessHost {
  const answer = (asked: Asked): Promise<unknown> => {
    const through = portCall(kube.as(asked.identity), asked);
    return through?.() ?? judge(kube, access, asked);
  };
  return {
    must: (identity, method, path, body = {}) =>
      answer({ identity, method, ...parsed(path), body: body as Json }),
    async answerTo({ as, request: [method, path, body = {}] }) {
      const asked: Asked = { identity: as, method, ...parsed(path), body: body as Json };
      const backup = kube.backup();
      try {
        await answer(method === "PUT" ? await atVersion(kube, asked) : asked);
        return "accepted";
      } catch (error) {
        if (error instanceof PortError) return error.message;
        throw error;
      } finally {
        kube.restore(backup);
      }
    },
    close: async () => undefined,
  };
}

/** The call of the port that is the request; undefined when there is none. */
function portCall(client: KubeStore, asked: Asked): (() => Promise<unknown>) | undefined {
  const { method, type, ref, subresource, body } = asked;
  if (ref.name === undefined) {
    if (method === "POST") return () => client.create(type, newObject(asked), writer);
    if (method === "GET") return () => client.list(type, { ...ref, consistency: "quorum" });
    return undefined;
  }
  const whole = { ...ref, name: ref.name };
  const object = newObject(asked);
  if (method === "PUT" && subresource === "status") {
    return () => client.updateStatus(type, object, writer);
  }
  if (subresource !== undefined) return undefined;
  if (method === "PUT") return () => client.update(type, object, writer);
  if (method === "PATCH") return () => client.patch(type, whole, body, writer);
  return method === "DELETE" ? () => client.delete(type, whole) : undefined;
}

/** Asks the rights alone. Throws Refused. */
async function judge(kube: FakeKube, access: Access, asked: Asked): Promise<void> {
  const { identity, method, type, ref, subresource, body } = asked;
  const { group, version, plural: resource } = type;
  const verb = { POST: "create", PUT: "update", PATCH: "patch", GET: "get", DELETE: "delete" }[
    method
  ];
  const gate = access.gateOf(identity);
  const place = { group, version, resource, subresource, namespace: ref.namespace };
  if (ref.name === undefined) {
    const request = { ...place, verb: `${verb}collection` };
    gate.authorize(request);
    const { items } = await kube.list(type, { ...ref, consistency: "quorum" });
    for (const item of items) {
      const oldObject = item as unknown as Json;
      gate.admit({ ...request, operation: "DELETE", object: undefined, oldObject });
    }
    return;
  }
  const request = { ...place, verb, name: ref.name };
  gate.authorize(request);
  const oldObject = (await kube.get(type, { ...ref, name: ref.name })) as unknown as Json;
  if (method === "POST") {
    gate.admit({ ...request, operation: "CREATE", object: body, oldObject: undefined });
    return;
  }
  const next = mergePatch(oldObject, body) as Json;
  const object =
    subresource === "status"
      ? { ...oldObject, status: next["status"] }
      : { ...next, status: oldObject["status"] };
  gate.admit({ ...request, operation: "UPDATE", object, oldObject });
}

function newObject({ type, ref, body }: Asked): ResourceObject {
  const metadata = isJson(body["metadata"]) ? body["metadata"] : {};
  const { generateName, name = `${String(generateName)}x` } = metadata;
  return {
    ...body,
    kind: type.kind,
    metadata: { ...without(metadata, "generateName"), name, namespace: ref.namespace },
  } as unknown as ResourceObject;
}

/** A PUT replaces what is there: it gets the version by itself. */
async function atVersion(kube: FakeKube, asked: Asked): Promise<Asked> {
  const { type, ref, body } = asked;
  const { metadata } = await kube.get(type, { ...ref, name: ref.name ?? "" });
  const { resourceVersion } = metadata;
  return {
    ...asked,
    body: { ...body, metadata: { ...Object(body["metadata"]), resourceVersion } },
  };
}

const form =
  /^\/(?:api|apis\/(?<group>[^/]+))\/v[^/]+(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<part>[^/]+))?$/;

function parsed(path: string): Pick<Asked, "type" | "ref" | "subresource"> {
  const { group = "", namespace, plural, name, part } = form.exec(path)?.groups ?? {};
  const type = Object.values<ResourceType>(resources).find(
    (one) => one.group === group && one.plural === plural,
  );
  if (type === undefined) throw new TypeError(`no resource of the product's: ${path}`);
  const ref = {
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
  return { type, ref, subresource: part };
}
