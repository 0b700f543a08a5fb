// SPDX-License-Identifier: Apache-2.0
/**
 * What the API server does to an object of ours before it stores it, in TypeScript. The API server
 * tests run the same objects through both and demand the same answer.
 */
import { z } from "zod";
import { apiVersion, type KindDefinition, type KubeObject } from "./define-kind.ts";

/** The object with its defaults, or everything that is wrong with it: `path: what is wrong`. */
export type Validation =
  | { readonly ok: true; readonly object: KubeObject }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Judges a new object. Its status does not count: the API server drops it. */
export function validateCreate(definition: KindDefinition, object: unknown): Validation {
  const { status: _, ...rest } = isRecord(object) ? object : {};
  const parsed = parse(definition, rest);
  return parsed.ok ? judge(definition, parsed.object, undefined) : parsed;
}

/** Judges an object that replaces `old`, which is one that was stored before. */
export function validateUpdate(
  definition: KindDefinition,
  old: KubeObject,
  object: unknown,
): Validation {
  const parsed = parse(definition, object);
  return parsed.ok ? judge(definition, parsed.object, old) : parsed;
}

/**
 * Sets the defaults of a schema in a value of any shape: an absent member gets its default, and so
 * does one that is null; a null without a default is dropped. Does nothing the second time.
 */
export function applyDefaults(schema: z.ZodType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject && isRecord(value)) {
    const shape: Readonly<Record<string, z.ZodType>> = inner.shape;
    const names = new Set([...Object.keys(shape), ...Object.keys(value)]);
    return membersOf([...names], (name) => memberValue(shape[name], value[name]));
  }
  if (inner instanceof z.ZodRecord && isRecord(value)) {
    const valueType = inner.valueType as z.ZodType;
    return membersOf(Object.keys(value), (name) => memberValue(valueType, value[name]));
  }
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((item) => applyDefaults(inner.element as z.ZodType, item));
  }
  return value;
}

function parse(definition: KindDefinition, object: unknown): Validation {
  const schema = objectSchema(definition);
  const result = schema.safeParse(applyDefaults(schema, object));
  if (result.success) return { ok: true, object: result.data };
  return {
    ok: false,
    faults: result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
  };
}

const objectSchemas = new WeakMap<KindDefinition, z.ZodType<KubeObject>>();

/** zod compiles a schema when it is first used, so each is made once. */
function objectSchema(definition: KindDefinition): z.ZodType<KubeObject> {
  const known = objectSchemas.get(definition);
  if (known !== undefined) return known;
  const schema = z.strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(definition.kind),
    metadata: z.custom<KubeObject["metadata"]>(isRecord, "must be an object"),
    spec: definition.spec,
    status: definition.status.optional(),
  });
  objectSchemas.set(definition, schema);
  return schema;
}

function judge(
  { rules }: KindDefinition,
  object: KubeObject,
  old: KubeObject | undefined,
): Validation {
  const broken = rules
    .filter((rule) => old !== undefined || !rule.cel.includes("oldSelf"))
    .filter((rule) => !rule.holds(object.spec, old?.spec));
  if (broken.length === 0) return { ok: true, object };
  return { ok: false, faults: broken.map(({ message }) => `spec: ${message}`) };
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema;
}

/** The value with its defaults; undefined when it is to be left out. */
function memberValue(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return value;
  if (value !== undefined && value !== null) return applyDefaults(schema, value);
  return schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
}

function membersOf(
  names: readonly string[],
  valueOf: (name: string) => unknown,
): Record<string, unknown> {
  const entries = names.map((name) => [name, valueOf(name)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
