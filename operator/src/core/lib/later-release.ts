// SPDX-License-Identifier: Apache-2.0
/**
 * What a later release wrote beside this one: operators and agents of two releases live side by side while
 * they are upgraded, and after an upgrade that was taken back. What this release does not know it keeps.
 */
import { conditionTypes } from "../../api/conditions.ts";
import type { Condition } from "../../api/define-kind.ts";

/** The members of `written` of which the schema with these members knows nothing. */
export function laterMembers(
  known: Readonly<Record<string, unknown>>,
  written: object = {},
): object {
  return Object.fromEntries(
    Object.entries(written).filter(([name]) => !Object.hasOwn(known, name)),
  );
}

/** The conditions of types that this release does not judge. */
export function laterConditions(written: readonly Condition[] = []): readonly Condition[] {
  return written.filter(({ type }) => !Object.hasOwn(conditionTypes, type));
}
