// SPDX-License-Identifier: Apache-2.0
import { isEqual } from "./equal.ts";

type Members = Readonly<Record<string, unknown>>;

/**
 * The JSON merge patch (RFC 7386) that makes `next` of `before`: what differs, with null for a member that
 * `next` does not have. Lists are replaced as a whole.
 */
export function mergePatch(before: object, next: object): Record<string, unknown> {
  const [old, wanted] = [before as Members, next as Members];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(wanted)])];
  return Object.fromEntries(
    keys
      .filter((key) => !isEqual(old[key], wanted[key]))
      .map((key) => [key, memberPatch(old[key], wanted[key])]),
  );
}

function memberPatch(before: unknown, next: unknown): unknown {
  if (next === undefined) return null;
  return isObject(before) && isObject(next) ? mergePatch(before, next) : next;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
