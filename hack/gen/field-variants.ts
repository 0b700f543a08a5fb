// SPDX-License-Identifier: Apache-2.0
/**
 * For each field of a structural schema, values that lie on, just inside and just outside what the
 * schema says: what two readers of one declaration are most likely to judge differently.
 */
import type { StructuralSchema } from "./structural-schema.ts";

/** Where a field stands: names of members, indexes of items. */
export type FieldPath = readonly (string | number)[];

export interface Field {
  readonly path: FieldPath;
  readonly schema: StructuralSchema;
}

/** A variant that takes the field away. */
export const absent = Symbol("absent");

/** Every field below a schema that has one in `value`, the first item and map value for all. */
export function fieldsOf(schema: StructuralSchema, value: unknown, path: FieldPath = []): Field[] {
  return stepsInto(schema, value).flatMap(([step, inner]) => {
    const field = { path: [...path, step], schema: inner };
    return [field, ...fieldsOf(inner, memberOf(value, step), field.path)];
  });
}

function stepsInto(
  schema: StructuralSchema,
  value: unknown,
): [string | number, StructuralSchema][] {
  if (schema.items !== undefined) return [[0, schema.items]];
  if (schema.additionalProperties === undefined) return Object.entries(schema.properties ?? {});
  const [first] = Object.keys(value as object);
  return first === undefined ? [] : [[first, schema.additionalProperties]];
}

/** The value with one field replaced, or taken away by {@link absent}. */
export function withField(value: unknown, path: FieldPath, variant: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return variant;
  // An earlier change may have taken the way to the field away; it is made again.
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const inner = withField(memberOf(copy, step), rest, variant);
  if (inner !== absent) return Object.assign(copy, { [step]: inner });
  if (Array.isArray(copy)) return copy.filter((_, index) => index !== step);
  delete (copy as Record<string, unknown>)[step];
  return copy;
}

export function memberOf(value: unknown, step: string | number): unknown {
  return (value as Record<string, unknown> | undefined)?.[step];
}

const ofAnyType = ["text", 7, 0.5, true, [], {}, null, absent];

/** Values for a field that has the value `valid`. */
export function variantsOf(schema: StructuralSchema, valid: unknown): unknown[] {
  return [...ofAnyType, valid, ...closeVariants(schema, valid)];
}

function closeVariants(schema: StructuralSchema, valid: unknown): unknown[] {
  if (schema.enum !== undefined) return [...schema.enum, "Bogus"];
  if (schema.type === "string") return stringVariants(schema, valid as string);
  if (schema.type === "array") return listVariants(schema, valid as unknown[]);
  if (schema.additionalProperties !== undefined) return mapVariants(schema, valid as object);
  if (schema.type === "object") return [{ ...(valid as object), unknownMember: 1 }];
  const { minimum = 0, maximum = 0 } = schema;
  return [minimum, minimum - 1, minimum + 0.5, maximum, maximum + 1];
}

function stringVariants(schema: StructuralSchema, valid: string): string[] {
  const { minLength = 0, maxLength = 0, pattern } = schema;
  const lengths = [minLength - 1, minLength, maxLength, maxLength + 1].filter((one) => one >= 0);
  // The clef is one character, but two UTF-16 units.
  const bounds = lengths.flatMap((length) => ["a".repeat(length), "𝄞".repeat(length)]);
  if (pattern === undefined) return bounds;
  const strange = ["\n", " ", "\u00a0", "\u2028", "é", "𝄞", "\0", ".", "-", "/", "@"];
  const around = strange.flatMap((one) => [valid + one, one + valid, one + valid.slice(1)]);
  return [...bounds, ...around, valid.slice(0, -1), valid.toUpperCase()];
}

function listVariants(schema: StructuralSchema, valid: readonly unknown[]): unknown[] {
  const { maxItems = 0, "x-kubernetes-list-map-keys": [key] = [undefined] } = schema;
  const itemAt = (index: number): unknown => {
    if (key !== undefined) return { ...(valid[0] as object), [key]: `item-${index}` };
    return typeof valid[0] === "string" ? `item-${index}` : valid[0];
  };
  const ofLength = (length: number): unknown[] => Array.from({ length }, (_, at) => itemAt(at));
  return [[...valid, ...valid], [...valid, null], ofLength(maxItems), ofLength(maxItems + 1)];
}

function mapVariants({ maxProperties = 0 }: StructuralSchema, valid: object): object[] {
  const [value] = Object.values(valid);
  const ofSize = (size: number): object =>
    Object.fromEntries(Array.from({ length: size }, (_, index) => [`key-${index}`, value]));
  const ofKey = (key: string): object => ({ [key]: value });
  return [
    ...[maxProperties, maxProperties + 1].map(ofSize),
    ...["", "a".repeat(255), "a".repeat(256), "𝄞".repeat(255), "𝄞".repeat(256), " "].map(ofKey),
    { ...valid, other: null },
  ];
}
