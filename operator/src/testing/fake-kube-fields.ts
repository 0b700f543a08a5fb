// SPDX-License-Identifier: Apache-2.0
/** Fields of an object for server-side apply: which there are, how two sets merge, how one goes. */
import { isEqual } from "../api/equal.ts";
import { isJson, type Json } from "./fake-kube-object.ts";
import type { ListType, ListTypes } from "./fake-kube-kinds.ts";

/** One step into a value: a member, or the item of a list that has these keys or this value. */
type Step = { readonly member: string } | { readonly keys: Json } | { readonly value: unknown };

/** A path as text, so that it may stand in sets. */
export type FieldPath = string;

/** Every field that an owner may have, with its value; an item of a list counts as one itself. */
export function fieldsOf(object: unknown, listTypes: ListTypes): Map<FieldPath, unknown> {
  const fields = new Map<FieldPath, unknown>();
  collect(object, [], { listTypes, fields });
  return fields;
}

interface Collection {
  readonly listTypes: ListTypes;
  readonly fields: Map<FieldPath, unknown>;
}

function collect(value: unknown, steps: readonly Step[], collection: Collection): void {
  const { listTypes, fields } = collection;
  if (isJson(value) && Object.keys(value).length > 0) {
    for (const [member, inner] of Object.entries(value)) {
      collect(inner, [...steps, { member }], collection);
    }
    return;
  }
  const listType = Array.isArray(value) ? listTypes(membersOf(steps)) : "atomic";
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
  listTypes: ListTypes,
  path: readonly string[] = [],
): unknown {
  if (isJson(live) && isJson(config)) {
    const merged: Record<string, unknown> = { ...live };
    for (const [member, value] of Object.entries(config)) {
      merged[member] = merge(live[member], value, listTypes, [...path, member]);
    }
    return merged;
  }
  const listType = listTypes(path);
  if (!Array.isArray(live) || !Array.isArray(config) || listType === "atomic") return config;
  const items = [...(live as readonly unknown[])];
  for (const item of config as readonly unknown[]) {
    const step = stepTo(item, listType);
    const index = items.findIndex((each) => isEqual(stepTo(each, listType), step));
    if (index === -1) items.push(item);
    else items[index] = merge(items[index], item, listTypes, path);
  }
  return items;
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
