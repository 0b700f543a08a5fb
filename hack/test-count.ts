// SPDX-License-Identifier: Apache-2.0
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Counts a vitest JSON report. A run that failed counts at least one failure, whatever the report says
 * (a file that could not be loaded, a runner that died); so does one that ran or skipped nothing it
 * should have run.
 */
export function countOf(report: string | undefined, exitCode: number): Count {
  const counted = report === undefined ? undefined : parse(report);
  if (counted === undefined) return { passed: 0, failed: 1 };
  const { passed, failed, skipped } = counted;
  const isHollow = passed + failed === 0 || skipped > 0;
  const hasFailed = exitCode !== 0 || isHollow;
  return { passed, failed: failed + (hasFailed && failed === 0 ? 1 : 0) };
}

function parse(report: string): (Count & { readonly skipped: number }) | undefined {
  const json = JSON.parse(report) as Record<string, unknown>;
  const number = (key: string): number => Number(json[key] ?? 0);
  if (!("numPassedTests" in json)) return undefined;
  return {
    passed: number("numPassedTests"),
    failed: number("numFailedTests"),
    skipped: number("numPendingTests") + number("numTodoTests"),
  };
}
