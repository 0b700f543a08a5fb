// SPDX-License-Identifier: Apache-2.0
/** Fields of an object for server-side apply: which there are, how two sets merge, how one goes. */
import { isEqual } from "../api/equal.ts";
import { isJson, type Json } from "./fake-kube-object.ts";
import type { ListType, MergeTypes } from "./fake-kube-kinds.ts";

/** One step into a value: a member, or the item of a list that has these keys or this value. */
type Step = { readonly member: string } | { readonly keys: Json } | { readonly value: unknown };

/** A path as text, so that it may stand in sets. */
export type FieldPath = string;

/** Every field that an owner may have, with its value; an item of a list counts as one itself. */
export function fieldsOf(object: unknown, mergeTypes: MergeTypes): Map<FieldPath, unknown> {
  const fields = new Map<FieldPath, unknown>();
  collect(object, [], { mergeTypes, fields });
  return fields;
}

interface Collection {
  readonly mergeTypes: MergeTypes;
  readonly fields: Map<FieldPath, unknown>;
}

function collect(value: unknown, steps: readonly Step[], collection: Collection): void {
  const { mergeTypes, fields } = collection;
  const path = membersOf(steps);
  if (isJson(value) && Object.keys(value).length > 0 && !mergeTypes.isWhole(path)) {
    for (const [member, inner] of Object.entries(value)) {
      collect(inner, [...steps, { member }], collection);
    }
    return;
  }
  const listType = Array.isArray(value) ? mergeTypes.list(path) : "atomic";
  if (!Array.isArray(value) || listType === "atomic") {
    fields.set(JSON.stringify(steps), value);
    return;
  }
  for (const item of value as readonly unknown[]) {
    const step = stepTo(item, listType);
    fields.set(JSON.stringify([...steps, step]), "keys" in step ? true : item);
    if ("keys" in step) collect(item, [...steps, step], collection);
  }
}

/** What `config` says laid over `live`; lists are merged by their types. */
export function merge(
  live: unknown,
  config: unknown,
  mergeTypes: MergeTypes,
  path: readonly string[] = [],
): unknown {
  if (isJson(live) && isJson(config) && !mergeTypes.isWhole(path)) {
    const merged: Record<string, unknown> = { ...live };
    for (const [member, value] of Object.entries(config)) {
      merged[member] = merge(live[member], value, mergeTypes, [...path, member]);
    }
    return merged;
  }
  const listType = mergeTypes.list(path);
  if (!Array.isArray(live) || !Array.isArray(config) || listType === "atomic") return config;
  const items = [...(live as readonly unknown[])];
  for (const item of config as readonly unknown[]) {
    const step = stepTo(item, listType);
    const index = items.findIndex((each) => isEqual(stepTo(each, listType), step));
    if (index === -1) items.push(item);
    else items[index] = merge(items[index], item, mergeTypes, path);
  }
  return items;
}

/** Whether an object has a value there; a path into a list has none. */
export function hasField(object: unknown, path: FieldPath): boolean {
  let value = object;
  for (const step of JSON.parse(path) as readonly Step[]) {
    if (!("member" in step) || !isJson(value)) return false;
    value = value[step.member];
  }
  return value !== undefined;
}

/** The object without the field; containers that it leaves empty go as well. */
export function removeField(object: unknown, path: FieldPath): unknown {
  return remove(object, JSON.parse(path) as readonly Step[]);
}

function remove(value: unknown, [step, ...rest]: readonly Step[]): unknown {
  if (step === undefined) return undefined;
  if ("member" in step) {
    if (!isJson(value) || !(step.member in value)) return value;
    const { [step.member]: inner, ...others } = value;
    const left = remove(inner, rest);
    if (left !== undefined) return { ...others, [step.member]: left };
    return Object.keys(others).length === 0 ? undefined : others;
  }
  if (!Array.isArray(value)) return value;
  const items = (value as readonly unknown[]).flatMap((item) => {
    if (!isItem(item, step)) return [item];
    const left = remove(item, rest);
    return left === undefined ? [] : [left];
  });
  return items.length === 0 ? undefined : items;
}

function isItem(item: unknown, step: Exclude<Step, { member: string }>): boolean {
  if ("value" in step) return isEqual(item, step.value);
  return isJson(item) && Object.entries(step.keys).every(([key, value]) => item[key] === value);
}

function stepTo(item: unknown, listType: Exclude<ListType, "atomic">): Step & { member?: never } {
  if (listType === "set" || !isJson(item)) return { value: item };
  return { keys: Object.fromEntries(listType.keys.map((key) => [key, item[key]])) };
}

function membersOf(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => ("member" in step ? [step.member] : []));
}
