// SPDX-License-Identifier: Apache-2.0
import type { ConditionType } from "../../api/conditions.ts";
import type { Condition } from "../../api/define-kind.ts";

/** What is judged of a condition now; when it became so is kept from before. */
export interface Verdict {
  readonly type: ConditionType;
  readonly status: Condition["status"];
  /** A word of `api/conditions.ts`, or one that the host's agent gave. */
  readonly reason: string;
  readonly message: string;
}

const messageLengthMax = 1024;

/**
 * The conditions to write: one for each verdict, in the verdicts' order. `lastTransitionTime` moves only
 * when the status changes. Conditions without a verdict are dropped.
 */
export function conditionsOf(
  verdicts: readonly Verdict[],
  previous: readonly Condition[] | undefined,
  now: string,
): Condition[] {
  return verdicts.map(({ type, status, reason, message }) => {
    const before = conditionOf(previous, type);
    const isSame = before?.status === status;
    return {
      type,
      status,
      reason,
      message: message.slice(0, messageLengthMax),
      lastTransitionTime: isSame ? before.lastTransitionTime : now,
    };
  });
}

export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
