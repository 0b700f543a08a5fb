// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { group, type KindDefinition, type KubeObject } from "../api/define-kind.ts";
import { kinds } from "../api/kinds.ts";
import { validateCreate, validateUpdate } from "../api/validate.ts";
import { Refused } from "../ports/errors.ts";
import type { ResourceType } from "../ports/kube.ts";
import { isJson, type Json, type StoredObject, without } from "./fake-kube-object.ts";

/** How server-side apply merges a list: as a whole, as a set, or by the members that are its keys. */
export type ListType = "atomic" | "set" | { readonly keys: readonly string[] };

/** How values are merged, by a path of member names; steps into lists are left out. */
export interface MergeTypes {
  list(path: readonly string[]): ListType;
  /** Whether an object is merged as a whole, and not by its members. */
  isWhole(path: readonly string[]): boolean;
}

/** How the API server treats a kind. */
export interface KindRules {
  readonly hasStatus: boolean;
  readonly hasGeneration: boolean;
  /** An update must carry a resourceVersion. */
  readonly isUpdateConditional: boolean;
  /** Beside metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
  readonly mergeTypes: MergeTypes;
  /** Sets defaults and checks what is written. Throws Refused `Invalid`. */
  admit(object: StoredObject, old: StoredObject | undefined): StoredObject;
}

/** Kinds that are not ours are not checked, and their lists are merged as a whole. */
const foreign: KindRules = {
  hasStatus: true,
  hasGeneration: false,
  isUpdateConditional: false,
  selectableFields: [],
  mergeTypes: { list: () => "atomic", isWhole: () => false },
  admit: (object) => object,
};

/** What the API server itself says of a pod that is bound to a node. */
const scheduled = { conditions: [{ type: "PodScheduled", status: "True" }] };

function nodeOf({ spec }: StoredObject): unknown {
  return isJson(spec) ? spec["nodeName"] : undefined;
}

const foreignKinds: Readonly<Record<string, Partial<KindRules>>> = {
  Pod: {
    hasGeneration: true,
    selectableFields: ["spec.nodeName", "status.phase"],
    admit: (object, old) =>
      old === undefined
        ? {
            ...object,
            status: { phase: "Pending", ...(nodeOf(object) !== undefined && scheduled) },
          }
        : nodeOf(old) === nodeOf(object)
          ? object
          : { ...object, status: { ...(object.status as Json), ...scheduled } },
  },
  Lease: { hasStatus: false, isUpdateConditional: true },
  Event: { hasStatus: false },
};

const cache = new Map<string, KindRules>();

/** The rules of a resource. */
export function rulesOf(type: ResourceType): KindRules {
  const key = `${type.group}/${type.kind}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const definition = Object.values<KindDefinition>(kinds).find(({ kind }) => kind === type.kind);
  const isOurs = type.group === group && definition !== undefined;
  const rules = isOurs ? ownRules(definition) : { ...foreign, ...foreignKinds[type.kind] };
  cache.set(key, rules);
  return rules;
}

function ownRules(definition: KindDefinition): KindRules {
  const schema = z.toJSONSchema(
    z.object({ spec: definition.spec, status: definition.status.optional() }),
    { io: "input" },
  );
  return {
    hasStatus: true,
    hasGeneration: true,
    isUpdateConditional: true,
    selectableFields: definition.selectableFields.map((path) => path.replace(/^\./, "")),
    mergeTypes: {
      list: (path) => listTypeOf(schemaAt(schema, path)),
      isWhole: (path) => schemaAt(schema, path)["x-kubernetes-map-type"] === "atomic",
    },
    admit: (object, old) => admitOwn(definition, object, old),
  };
}

/**
 * The CRDs of a later release stand before its programs run: members of spec and status with such a name
 * are stored, and no release that is tested knows anything of them.
 */
export function isOfLaterRelease(member: string): boolean {
  return member.startsWith("later");
}

function admitOwn(
  definition: KindDefinition,
  object: StoredObject,
  old: StoredObject | undefined,
): StoredObject {
  const sent = ofThisRelease(object);
  const validation =
    old === undefined
      ? validateCreate(definition, sent)
      : validateUpdate(definition, ofThisRelease(old) as KubeObject, sent);
  if (validation.ok) return withLater(validation.object as unknown as StoredObject, object);
  // Members that the schema does not know are found before anything else is looked at.
  const isUnknown = validation.faults.some((fault) => fault.includes("Unrecognized key"));
  const message = `${definition.kind} is invalid: ${validation.faults.join("; ")}`;
  throw new Refused(isUnknown ? "BadRequest" : "Invalid", message);
}

/** The object without what a later release wrote. */
function ofThisRelease(object: StoredObject): StoredObject {
  const parts = (["spec", "status"] as const).flatMap((part) => {
    const value = object[part];
    if (!isJson(value)) return [];
    return [[part, without(value, ...Object.keys(value).filter(isOfLaterRelease))] as const];
  });
  return { ...object, ...Object.fromEntries(parts) };
}

/** What was admitted, with what a later release wrote into the object. */
function withLater(admitted: StoredObject, object: StoredObject): StoredObject {
  const parts = (["spec", "status"] as const).flatMap((part) => {
    const [value, sent] = [admitted[part], object[part]];
    if (!isJson(value) || !isJson(sent)) return [];
    const later = Object.entries(sent).filter(([member]) => isOfLaterRelease(member));
    return later.length === 0 ? [] : [[part, { ...value, ...Object.fromEntries(later) }] as const];
  });
  return parts.length === 0 ? admitted : { ...admitted, ...Object.fromEntries(parts) };
}

function schemaAt(root: Json, path: readonly string[]): Json {
  return path.reduce(memberOf, root);
}

function listTypeOf(schema: Json): ListType {
  if (schema["x-kubernetes-list-type"] === "set") return "set";
  if (schema["x-kubernetes-list-type"] !== "map") return "atomic";
  return { keys: schema["x-kubernetes-list-map-keys"] as readonly string[] };
}

function memberOf(schema: Json, member: string): Json {
  const inner = isJson(schema["items"]) ? schema["items"] : schema;
  const properties = isJson(inner["properties"]) ? inner["properties"] : {};
  const found = properties[member] ?? inner["additionalProperties"];
  return isJson(found) ? found : {};
}
