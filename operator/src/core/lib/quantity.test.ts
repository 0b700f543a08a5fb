// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { parseQuantity } from "./quantity.ts";

describe("a quantity", () => {
  test.each([
    ["0", 0],
    ["128", 128],
    ["1.5", 1.5],
    [".5", 0.5],
    ["100m", 0.1],
    ["1k", 1000],
    ["1Ki", 1024],
    ["64Mi", 64 * 2 ** 20],
    ["6Gi", 6 * 2 ** 30],
    ["1e3", 1000],
    ["1.5E9", 1.5e9],
    ["1E", 1e18],
    ["-1", -1],
  ])("%s says %d", (text, value) => {
    expect(parseQuantity(text)).toBeCloseTo(value, 9);
  });

  test.each(["", "Mi", "1mi", "1 Mi", "1Kib", "0x10", "1e", "NaN", "1e9999", "1MiMi"])(
    "%j says nothing",
    (text) => {
      expect(parseQuantity(text)).toBeUndefined();
    },
  );
});
