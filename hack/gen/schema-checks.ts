// SPDX-License-Identifier: Apache-2.0
/** Reads the checks of a zod schema, and refuses those that have no counterpart in the API server. */
import type { z } from "zod";

/** A schema that no custom resource can have; `path` is of member names, lists and maps as `[]`. */
export class SchemaRefused extends Error {
  constructor(path: string, why: string) {
    super(`${path}: ${why}`);
    this.name = "SchemaRefused";
  }
}

/** What zod checks of a value, by the keywords of JSON Schema. */
export interface Checks {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly patterns: readonly Pattern[];
}

/** A pattern, with what a person is told to write instead of what it does not match. */
interface Pattern {
  readonly expression: RegExp;
  readonly cure: string | undefined;
}

/** Reads what zod checks. `declared` functions among them speak through metadata; others are refused. */
export function readChecks(
  def: z.core.$ZodTypeDef,
  { declared }: { readonly declared: number },
  path: string,
): Checks {
  const checks = (def.checks ?? []).map((check) => (check as z.core.$ZodChecks)._zod.def);
  const functions = checks.filter(({ check }) => (check as string) === "custom");
  if (functions.length > declared) {
    throw new SchemaRefused(
      path,
      "a function checks it: say it by a bound or by a rule of the kind",
    );
  }
  return checks
    .filter((check) => !functions.includes(check))
    .reduce<Checks>((read, check) => ({ ...read, ...readCheck(check, read, path) }), {
      patterns: [],
    });
}

type CheckDef = z.core.$ZodChecks["_zod"]["def"];

function readCheck(def: CheckDef, { patterns }: Checks, path: string): Partial<Checks> {
  if (def.check === "greater_than" && def.inclusive) return { minimum: Number(def.value) };
  if (def.check === "less_than" && def.inclusive) return { maximum: Number(def.value) };
  if (def.check === "min_length") return { minLength: def.minimum };
  if (def.check === "max_length") return { maxLength: def.maximum };
  if (def.check === "string_format" && def.format === "regex" && def.pattern !== undefined) {
    return { patterns: [...patterns, { expression: def.pattern, cure: cureOf(def) }] };
  }
  throw new SchemaRefused(path, `a structural schema cannot say the check ${def.check}`);
}

/** The text that was given to zod, which keeps it as a function; undefined when there was none. */
function cureOf({ error }: CheckDef): string | undefined {
  const text: unknown = (error as ((issue: object) => unknown) | undefined)?.({});
  return typeof text === "string" ? text : undefined;
}

/** Refuses checks that were read but that the API server would not judge alike. */
export function refuseAny(checks: Partial<Checks>, path: string): void {
  const [name] = Object.keys(checks);
  if (name !== undefined)
    throw new SchemaRefused(path, `${name} is not counted as by the API server`);
}
