// SPDX-License-Identifier: Apache-2.0
/**
 * Translates zod into the structural schemas of custom resources. What a structural schema cannot say,
 * what would be judged otherwise by zod than by the API server, and what has no bound or no
 * description is refused with the path of the field.
 */
import { z } from "zod";
import { portablePattern } from "./portable-pattern.ts";
import { type Checks, readChecks, refuseAny, SchemaRefused } from "./schema-checks.ts";

/** The part of JSON Schema that the generator writes. */
export interface StructuralSchema {
  readonly type: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: StructuralSchema;
  readonly maxProperties?: number;
  readonly additionalProperties?: StructuralSchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

/** The schema of the field at `path`, with its description and default. Throws SchemaRefused. */
export function fieldSchema(schema: z.core.$ZodType, path: string): StructuralSchema {
  const { description, ...rest } = valueSchema(schema, path);
  if (description === undefined) throw new SchemaRefused(path, "has no description");
  const { type, ...members } = rest;
  return { type, description, ...members };
}

/** {@link fieldSchema} of what has no name of its own: the items of a list, the values of a map. */
function valueSchema(schema: z.core.$ZodType, path: string): StructuralSchema {
  const { inner, metadata, preset } = unwrap(schema);
  const { description, ...bounds } = readMetadata(metadata, path);
  return {
    ...translate(inner, bounds, path),
    ...(description === undefined ? {} : { description }),
    ...preset,
  };
}

interface Unwrapped {
  readonly inner: z.core.$ZodTypes;
  readonly metadata: object;
  readonly preset: { readonly default?: unknown };
  readonly isRequired: boolean;
}

/** Takes `optional` and `default` off; what is said outside counts before what is said inside. */
function unwrap(schema: z.core.$ZodType): Unwrapped {
  const outer = schema as z.core.$ZodTypes;
  const metadata = z.globalRegistry.get(outer) ?? {};
  const { def } = outer._zod;
  if (def.type !== "optional" && def.type !== "default") {
    return { inner: outer, metadata, preset: {}, isRequired: true };
  }
  const within = unwrap(def.innerType);
  const preset = def.type === "default" ? { default: def.defaultValue } : within.preset;
  return { ...within, metadata: { ...within.metadata, ...metadata }, preset, isRequired: false };
}

/** What a schema says beside itself; the checks of `bounded.ts`, which are functions to zod, among it. */
const metadataSchema = z.strictObject({
  description: z.string().exactOptional(),
  minLength: z.int().exactOptional(),
  maxLength: z.int().exactOptional(),
  maxProperties: z.int().exactOptional(),
  "x-kubernetes-map-type": z.literal("atomic").exactOptional(),
  "x-kubernetes-list-type": z.enum(["set", "map"]).exactOptional(),
  "x-kubernetes-list-map-keys": z.array(z.string()).exactOptional(),
});

type Metadata = z.output<typeof metadataSchema>;
type Bounds = Omit<Metadata, "description">;

function readMetadata(metadata: object, path: string): Metadata {
  const result = metadataSchema.safeParse(metadata);
  if (result.success) return result.data;
  throw new SchemaRefused(path, `has metadata of no use here: ${z.prettifyError(result.error)}`);
}

function translate(schema: z.core.$ZodTypes, bounds: Bounds, path: string): StructuralSchema {
  const { def } = schema._zod;
  if (def.type === "boolean" || def.type === "enum") {
    readChecks(def, { declared: 0 }, path);
    if (def.type === "boolean") return { type: "boolean" };
    return { type: "string", enum: Object.values(def.entries).map(String) };
  }
  if (def.type === "string") return stringSchema(def, bounds, path);
  if (def.type === "number") return numberSchema(def, path);
  if (def.type === "array") return arraySchema(def, bounds, path);
  if (def.type === "record") return mapSchema(def, bounds, path);
  if (def.type === "object") return objectSchema(def, path);
  throw new SchemaRefused(path, `a structural schema cannot say z.${def.type}`);
}

function stringSchema(def: z.core.$ZodStringDef, bounds: Bounds, path: string): StructuralSchema {
  if ("format" in def) throw new SchemaRefused(path, "formats differ: use a pattern");
  const { minLength, maxLength } = bounds;
  if (minLength === undefined || maxLength === undefined) {
    throw new SchemaRefused(path, "has no bounds: use text(min, max)");
  }
  const { patterns, ...others } = readChecks(def, { declared: 1 }, path);
  refuseAny(others, path);
  if (patterns.length > 1) throw new SchemaRefused(path, "has more than one pattern");
  return {
    type: "string",
    ...(minLength === 0 ? {} : { minLength }),
    maxLength,
    ...patternSchema(patterns, path),
  };
}

/** Tools read the pattern; people who are refused by it read the rule, which says the same in words. */
function patternSchema(patterns: Checks["patterns"], path: string): Partial<StructuralSchema> {
  const [one] = patterns;
  if (one === undefined) return {};
  const pattern = refusing(path, () => portablePattern(one.expression));
  if (one.cure === undefined) return { pattern };
  const rule = `self.matches(${JSON.stringify(pattern)})`;
  return { pattern, "x-kubernetes-validations": [{ rule, message: one.cure }] };
}

function numberSchema(def: z.core.$ZodNumberDef, path: string): StructuralSchema {
  const isInteger = "format" in def && def.format === "safeint";
  if ("format" in def && !isInteger) throw new SchemaRefused(path, "use z.int() or z.number()");
  const { minimum, maximum, patterns: _, ...others } = readChecks(def, { declared: 0 }, path);
  refuseAny(others, path);
  if (minimum === undefined || maximum === undefined) {
    throw new SchemaRefused(path, "has no bounds: say min and max");
  }
  return {
    type: isInteger ? "integer" : "number",
    minimum,
    maximum,
    ...fractionRules(minimum, maximum),
  };
}

/** For a whole number, the API server cuts the fraction off its bounds: 0 would pass a minimum of 0.1. */
function fractionRules(minimum: number, maximum: number): Partial<StructuralSchema> {
  const rules = [
    { bound: minimum, rule: `self >= ${minimum}`, message: `must be at least ${minimum}` },
    { bound: maximum, rule: `self <= ${maximum}`, message: `must be at most ${maximum}` },
  ].filter(({ bound }) => !Number.isInteger(bound));
  if (rules.length === 0) return {};
  return { "x-kubernetes-validations": rules.map(({ rule, message }) => ({ rule, message })) };
}

function arraySchema(def: z.core.$ZodArrayDef, bounds: Bounds, path: string): StructuralSchema {
  const isKeyed = bounds["x-kubernetes-list-type"] !== undefined;
  const {
    minLength,
    maxLength,
    patterns: _,
    ...others
  } = readChecks(def, { declared: isKeyed ? 1 : 0 }, path);
  refuseAny(others, path);
  if (maxLength === undefined) throw new SchemaRefused(path, "has no bound: say max");
  return {
    type: "array",
    ...(minLength === undefined ? {} : { minItems: minLength }),
    maxItems: maxLength,
    ...bounds,
    items: valueSchema(def.element, `${path}[]`),
  };
}

function mapSchema(def: z.core.$ZodRecordDef, bounds: Bounds, path: string): StructuralSchema {
  const { maxProperties, "x-kubernetes-map-type": mapType } = bounds;
  if (maxProperties === undefined) {
    throw new SchemaRefused(path, "has no bound: use mapOf(key, value, max)");
  }
  readChecks(def, { declared: 1 }, path);
  const key = valueSchema(def.keyType, `${path} key`);
  if (key.type !== "string" || key.pattern !== undefined) {
    throw new SchemaRefused(path, "keys of maps are texts without a pattern");
  }
  const { minLength = 0, maxLength } = key;
  return {
    type: "object",
    maxProperties,
    ...(mapType === undefined ? {} : { "x-kubernetes-map-type": mapType }),
    additionalProperties: valueSchema(def.valueType, `${path}[]`),
    "x-kubernetes-validations": [
      {
        rule: `self.all(key, size(key) >= ${minLength} && size(key) <= ${maxLength})`,
        message: `keys must have ${minLength} to ${maxLength} characters`,
      },
    ],
  };
}

function objectSchema(def: z.core.$ZodObjectDef, path: string): StructuralSchema {
  const catchall = def.catchall as z.core.$ZodTypes | undefined;
  if (catchall?._zod.def.type !== "never") {
    throw new SchemaRefused(path, "lets unknown members pass: use z.strictObject");
  }
  readChecks(def, { declared: 0 }, path);
  const members = Object.entries(def.shape);
  const required = members.filter(([, member]) => unwrap(member).isRequired).map(([name]) => name);
  return {
    type: "object",
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(
      members.map(([name, member]) => [name, fieldSchema(member, `${path}.${name}`)]),
    ),
  };
}

function refusing<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw new SchemaRefused(path, (error as Error).message);
  }
}
