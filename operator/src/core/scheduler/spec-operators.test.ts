// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { matchesSpec } from "./spec-operators.ts";

describe("what an extra spec demands", () => {
  test.each([
    ["4", "= 3", true],
    ["4", "== 4.0", true],
    ["4", "!= 4", false],
    ["4", ">= 5", false],
    ["4", "<= 5", true],
    ["b", "s> a", true],
    ["b", "s< a", false],
    ["b", "s== b", true],
    ["b", "s!= b", false],
    ["b", "s<= b", true],
    ["b", "s>= c", false],
    ["sse avx", "<in> avx", true],
    ["sse avx", "<all-in> avx sse", true],
    ["sse avx", "<all-in> avx vmx", false],
    ["ssd", "<or> ssd <or> nvme", true],
    ["hdd", "<or> ssd <or> nvme", false],
    ["ssd", "ssd", true],
    ["ssd", "SSD", false],
  ])("of %s is met or not: %s", (value, demand, isMet) => {
    expect(matchesSpec(value, demand)).toBe(isMet);
  });

  test("is met by nothing that is not there", () => {
    expect(matchesSpec(undefined, "!= 4")).toBe(false);
  });

  test("as a number is met by no text, whichever way it is compared", () => {
    for (const demand of ["== 4", "!= 4", ">= 4"]) expect(matchesSpec("many", demand)).toBe(false);
    expect(matchesSpec("4", "!= many")).toBe(false);
  });

  test("of an operator alone is met by nothing", () => {
    for (const demand of [">=", "<or>", "<all-in>"]) expect(matchesSpec("4", demand)).toBe(false);
  });
});
