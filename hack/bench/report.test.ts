// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { percentile, renderReport } from "./report.ts";

describe("a report", () => {
  test("ends with one JSON line that carries the rounded figures", () => {
    const text = renderReport("boot", {
      about: "Ten servers.",
      figures: { "create to ACTIVE p50 s": 1.23456 },
      ratios: { "to the floor": 1.1 },
    });
    const last = text.trimEnd().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toEqual({
      bench: "boot",
      figures: { "create to ACTIVE p50 s": 1.23 },
      ratios: { "to the floor": 1.1 },
    });
    expect(text).toContain("| create to ACTIVE p50 s | 1.23 |");
  });

  test("takes percentiles by the nearest rank", () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2);
    expect(percentile([4, 1, 3, 2], 0.95)).toBe(4);
    expect(() => percentile([], 0.5)).toThrow("no values");
  });
});
