// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { countOf } from "./test-count.ts";

const report = (passed: number, failed: number, pending = 0): string =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: 0,
  });

describe("counting a test run", () => {
  test("takes the report's figures", () => {
    expect(countOf(report(7, 0), 0)).toEqual({ passed: 7, failed: 0 });
    expect(countOf(report(5, 2), 1)).toEqual({ passed: 5, failed: 2 });
  });

  test("a run that failed without a failed test is a failure", () => {
    expect(countOf(report(7, 0), 1)).toEqual({ passed: 7, failed: 1 });
    expect(countOf(undefined, 0)).toEqual({ passed: 0, failed: 1 });
  });

  test("a run that ran nothing, or skipped something, is a failure", () => {
    expect(countOf(report(0, 0), 0)).toEqual({ passed: 0, failed: 1 });
    expect(countOf(report(7, 0, 1), 0)).toEqual({ passed: 7, failed: 1 });
  });
});
