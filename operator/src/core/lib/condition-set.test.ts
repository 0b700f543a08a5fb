// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { conditionsOf, conditionOf, type Verdict } from "./condition-set.ts";

const verdict: Verdict = { type: "Ready", status: "False", reason: "Progressing", message: "m" };
const before = conditionsOf([verdict], undefined, "2026-01-01T00:00:00Z");

describe("a condition", () => {
  test("keeps its time while its status stays", () => {
    const later = conditionsOf([{ ...verdict, reason: "X" }], before, "2026-01-01T00:00:09Z");
    expect(later).toEqual([{ ...before[0], reason: "X" }]);
  });

  test("takes the new time when its status changes", () => {
    const later = conditionsOf([{ ...verdict, status: "True" }], before, "2026-01-01T00:00:09Z");
    expect(conditionOf(later, "Ready")?.lastTransitionTime).toBe("2026-01-01T00:00:09Z");
  });

  test("is dropped when nothing is said of it", () => {
    expect(conditionsOf([], before, "2026-01-01T00:00:09Z")).toEqual([]);
  });

  test("has a message that the API server accepts", () => {
    const [long] = conditionsOf([{ ...verdict, message: "x".repeat(2000) }], undefined, "now");
    expect(long?.message).toHaveLength(1024);
  });
});
