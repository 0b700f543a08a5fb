// SPDX-License-Identifier: Apache-2.0
/** Who owns which field: what the API server keeps in metadata.managedFields. */
import { isEqual } from "../api/equal.ts";
import { type FieldPath, fieldsOf, hasField, merge, removeField } from "./fake-kube-fields.ts";
import type { MergeTypes } from "./fake-kube-kinds.ts";
import { Refused } from "../ports/errors.ts";
import { isJson, type Json, type StoredObject } from "./fake-kube-object.ts";

/** Fields by owner; an owner is a manager, an operation and a subresource. */
export type Owners = ReadonlyMap<string, ReadonlySet<FieldPath>>;

/** One write's owner. */
export interface Writer {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: "" | "status";
}

/** Metadata that the API server keeps has no owner. */
const ownedMetadata = ["labels", "annotations", "finalizers", "ownerReferences"];

/** The owners after `next` replaced `old`: whoever changes a field owns it, alone. */
export function ownersAfterUpdate(
  owners: Owners,
  writer: Writer,
  { old, next, mergeTypes }: { old: StoredObject | undefined; next: Json; mergeTypes: MergeTypes },
): Owners {
  const before = fieldsOf(ownable(old ?? {}), mergeTypes);
  const after = fieldsOf(ownable(next), mergeTypes);
  const changed = [...after].filter(([path, value]) => !isEqual(before.get(path), value));
  const changedPaths = new Set(changed.map(([path]) => path));
  return regroup(owners, writer, (owned, isWriter) => {
    const kept = [...owned].filter((path) => after.has(path) && !changedPaths.has(path));
    return new Set(isWriter ? [...kept, ...changedPaths] : kept);
  });
}

/**
 * What a server-side apply makes of an object and its owners. Throws Refused `Invalid` for a map that would be
 * null: its manager has said members before, and now says none.
 */
export function applied(
  owners: Owners,
  writer: Writer,
  { live, config, mergeTypes }: { live: Json; config: Json; mergeTypes: MergeTypes },
): { readonly object: Json; readonly owners: Owners } {
  const wanted = fieldsOf(ownable(config), mergeTypes);
  const ownedByOthers = new Set(
    [...owners].filter(([owner]) => owner !== ownerName(writer)).flatMap(([, paths]) => [...paths]),
  );
  let object: unknown = merge(live, config, mergeTypes);
  for (const path of owners.get(ownerName(writer)) ?? []) {
    if (!wanted.has(path) && !ownedByOthers.has(path)) object = removeField(object, path);
  }
  for (const [path, value] of wanted) {
    if (isJson(value) && !hasField(object, path)) {
      throw new Refused("Invalid", `${path}: "null" must be of type object`);
    }
  }
  const before = fieldsOf(ownable(live), mergeTypes);
  const after = fieldsOf(ownable(object as Json), mergeTypes);
  const taken = new Set(
    [...wanted].filter(([path, value]) => !isEqual(before.get(path), value)).map(([path]) => path),
  );
  const next = regroup(owners, writer, (owned, isWriter) => {
    if (isWriter) return new Set(wanted.keys());
    return new Set([...owned].filter((path) => after.has(path) && !taken.has(path)));
  });
  return { object: object as Json, owners: next };
}

/** Whether nobody's fields differ. */
export function isSameOwners(one: Owners, other: Owners): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([owner, paths]) => {
    const others = other.get(owner);
    return others?.size === paths.size && [...paths].every((path) => others.has(path));
  });
}

function regroup(
  owners: Owners,
  writer: Writer,
  fieldsNow: (owned: ReadonlySet<FieldPath>, isWriter: boolean) => ReadonlySet<FieldPath>,
): Owners {
  const name = ownerName(writer);
  const names = new Set([...owners.keys(), name]);
  const entries = [...names].map(
    (owner) => [owner, fieldsNow(owners.get(owner) ?? new Set(), owner === name)] as const,
  );
  return new Map(entries.filter(([, paths]) => paths.size > 0));
}

function ownerName({ manager, operation, subresource }: Writer): string {
  return `${manager} ${operation} ${subresource}`;
}

function ownable(object: Json): Json {
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  const kept = Object.entries(isJson(metadata) ? metadata : {}).filter(([key]) =>
    ownedMetadata.includes(key),
  );
  return kept.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(kept) };
}
