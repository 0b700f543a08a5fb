// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { listByKey, mapOf, setOf, text } from "./bounded.ts";

const passes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;

describe("bounds", () => {
  test("of a text count characters, not UTF-16 units", () => {
    expect(passes(text(1, 2), "𝄞𝄞")).toBe(true);
    expect(passes(text(1, 2), "𝄞𝄞𝄞")).toBe(false);
    expect(passes(text(1, 2), "")).toBe(false);
    expect(passes(text(2, 2), "𝄞")).toBe(false);
  });

  test("of a map count members and hold for keys and values", () => {
    const map = mapOf(text(1, 2), text(0, 1), 2);
    expect(passes(map, { a: "", bb: "1" })).toBe(true);
    expect(passes(map, { a: "", b: "", c: "" })).toBe(false);
    expect(passes(map, { abc: "" })).toBe(false);
    expect(passes(map, { a: "12" })).toBe(false);
  });

  test("of a set count items, of which no two are equal", () => {
    expect(passes(setOf(text(1, 1), 2), ["a", "b"])).toBe(true);
    expect(passes(setOf(text(1, 1), 2), ["a", "a"])).toBe(false);
    expect(passes(setOf(text(1, 1), 2), ["a", "b", "c"])).toBe(false);
  });

  test("of a list by key count items, of which no two have the same key", () => {
    const list = listByKey(z.strictObject({ type: text(1, 1), more: z.boolean() }), "type", 2);
    const item = (type: string, more = true) => ({ type, more });
    expect(passes(list, [item("a"), item("b")])).toBe(true);
    expect(passes(list, [item("a"), item("a", false)])).toBe(false);
    expect(passes(list, [item("a"), item("b"), item("c")])).toBe(false);
  });
});
