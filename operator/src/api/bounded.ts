// SPDX-License-Identifier: Apache-2.0
/**
 * Strings, maps and lists whose bounds zod and the API server judge alike. zod alone would not: it
 * counts UTF-16 units where the API server counts characters, and knows no bound of a record.
 */
import { z } from "zod";

/** A string of `min` to `max` characters (Unicode code points). */
export function text(min: number, max: number): z.ZodString {
  return z
    .string()
    .refine((value) => isWithin(charactersOf(value), min, max), {
      error: `must have ${min} to ${max} characters`,
    })
    .meta({ minLength: min, maxLength: max });
}

/** A map of at most `max` members. */
export function mapOf<Value extends z.ZodType>(
  key: z.ZodString,
  value: Value,
  max: number,
): z.ZodRecord<z.ZodString, Value> {
  return z
    .record(key, value)
    .refine((map) => Object.keys(map).length <= max, { error: `must have at most ${max} members` })
    .meta({ maxProperties: max });
}

/**
 * A map of at most `max` members that server-side apply replaces as a whole: for what one writer says. The API
 * server makes null of any other map whose last member its manager takes away, and then refuses it.
 */
export function wholeMapOf<Value extends z.ZodType>(
  key: z.ZodString,
  value: Value,
  max: number,
): z.ZodRecord<z.ZodString, Value> {
  return mapOf(key, value, max).meta({ "x-kubernetes-map-type": "atomic" });
}

/** A list of at most `max` strings of which no two are equal, merged as a set by server-side apply. */
export function setOf(item: z.ZodString, max: number): z.ZodArray<z.ZodString> {
  return z
    .array(item)
    .refine((items) => new Set(items).size === items.length, { error: "must not repeat an item" })
    .max(max)
    .meta({ "x-kubernetes-list-type": "set" });
}

/**
 * A list of at most `max` objects of which no two have the same `key`, merged by that member under
 * server-side apply.
 */
export function listByKey<Key extends string, Item extends z.ZodType<Record<Key, unknown>>>(
  item: Item,
  key: Key,
  max: number,
): z.ZodArray<Item> {
  return z
    .array(item)
    .refine((items) => new Set(items.map((one) => one[key])).size === items.length, {
      error: `must not repeat a ${key}`,
    })
    .max(max)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
}

/** A string iterates by code points. */
function charactersOf(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

function isWithin(count: number, min: number, max: number): boolean {
  return count >= min && count <= max;
}
