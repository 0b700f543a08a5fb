// SPDX-License-Identifier: Apache-2.0
import type { ObjectMeta } from "../api/define-kind.ts";
import { deepFreeze } from "../platform/deep-freeze.ts";
import type { ResourceObject, ResourceType } from "../ports/kube.ts";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** An object as the fake API server keeps it: plain JSON, never shared with a client. */
export interface StoredObject extends Json {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta & Json;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** What arrives at the other side of JSON: undefined members are gone, nothing is shared. */
export function overTheWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** An object that a client sent. */
export function received(object: ResourceObject | Json): StoredObject {
  return overTheWire(object) as StoredObject;
}

/** What clients get of each stored object: made once, and frozen, so that they may share it. */
const copies = new WeakMap<StoredObject, object>();

/** An object as a client gets it: one that it cannot change. */
export function toClient<T extends ResourceObject>(
  { kind }: ResourceType<T>,
  object: StoredObject,
): T {
  const known = copies.get(object) ?? deepFreeze({ ...overTheWire(object), kind });
  copies.set(object, known);
  return known as T;
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All but the named members. */
export function without(object: Json, ...members: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !members.includes(key)));
}

/** JSON merge patch (RFC 7386): null removes a member, lists are replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const merged: Record<string, unknown> = isJson(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
