// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { isEqual } from "./equal.ts";

describe("two JSON values are equal", () => {
  test("whatever the order of their members", () => {
    expect(isEqual({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 })).toBe(true);
  });

  test("when one has a member that is undefined and the other does not have it", () => {
    expect(isEqual({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  });
});

describe("two JSON values differ", () => {
  test.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, {}],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [{}, []],
    [null, {}],
    ["1", 1],
    [{ a: null }, {}],
  ])("as %j and %j do", (one, other) => {
    expect(isEqual(one, other)).toBe(false);
    expect(isEqual(other, one)).toBe(false);
  });
});
