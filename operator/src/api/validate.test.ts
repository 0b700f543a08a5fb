// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { mapOf, text } from "./bounded.ts";
import { apiVersion, defineKind, immutable, type KindDefinition } from "./define-kind.ts";
import { applyDefaults, validateCreate, validateUpdate } from "./validate.ts";

const lamp = defineKind({
  kind: "Lamp",
  plural: "lamps",
  shortNames: [],
  scope: "Namespaced",
  description: "A lamp.",
  spec: z.strictObject({
    color: text(1, 9).optional(),
    watts: z.int().min(1).max(100).default(40),
    tags: mapOf(text(1, 9), text(1, 9), 3).optional(),
  }),
  status: z.strictObject({ isLit: z.boolean() }),
  rules: [
    immutable("tags", "buy another lamp"),
    {
      cel: "!has(self.color) || self.color != 'black'",
      message: "color: lamps are not black",
      holds: (self) => self.color !== "black",
    },
  ],
  columns: [],
  selectableFields: [],
}) as KindDefinition;

const object = (spec: unknown, more: object = {}) => ({
  apiVersion,
  kind: "Lamp",
  metadata: { name: "one" },
  spec,
  ...more,
});

describe("a new object", () => {
  test("gets its defaults and loses its status", () => {
    expect(validateCreate(lamp, object({ color: "red" }, { status: { isLit: 1 } }))).toEqual({
      ok: true,
      object: object({ color: "red", watts: 40 }),
    });
  });

  test("is refused with every path that is at fault", () => {
    const result = validateCreate(lamp, object({ color: "", watts: 0, size: 1 }));
    expect(result.ok ? [] : result.faults).toEqual([
      "spec.color: must have 1 to 9 characters",
      expect.stringMatching(/^spec.watts: /),
      expect.stringMatching(/^spec: .*size/),
    ]);
  });

  test("is judged by the rules that need no older one", () => {
    const result = validateCreate(lamp, object({ color: "black", tags: { a: "b" } }));
    expect(result).toEqual({ ok: false, faults: ["spec: color: lamps are not black"] });
  });

  test.each([
    null,
    1,
    [],
    {},
    { kind: "Lamp" },
    object(undefined),
    object([]),
    { ...object({}), kind: "Desk" },
    { ...object({}), apiVersion: "v1" },
    { ...object({}), more: 1 },
  ])("is refused when it is no such object: %j", (value) => {
    expect(validateCreate(lamp, value).ok).toBe(false);
  });
});

describe("a changed object", () => {
  const old = object({ watts: 40, tags: { a: "1", b: "2" } });

  test("keeps what is immutable, whatever the order of its members", () => {
    expect(validateUpdate(lamp, old, object({ tags: { b: "2", a: "1" } })).ok).toBe(true);
  });

  test.each([{ tags: { a: "1" } }, {}, { tags: null }])(
    "is refused when that changed or went away: %j",
    (spec) => {
      expect(validateUpdate(lamp, old, object(spec))).toEqual({
        ok: false,
        faults: ["spec: tags is immutable: buy another lamp"],
      });
    },
  );

  test("has its status judged", () => {
    expect(validateUpdate(lamp, old, { ...old, status: { isLit: true } }).ok).toBe(true);
    expect(validateUpdate(lamp, old, { ...old, status: { isLit: 1 } }).ok).toBe(false);
  });
});

describe("applyDefaults", () => {
  const schema = z.strictObject({
    size: z.int().default(3),
    inner: z.strictObject({ mode: z.enum(["on"]).default("on") }).optional(),
    list: z.array(z.strictObject({ mode: z.enum(["on"]).default("on") })).optional(),
    map: z.record(z.string(), z.strictObject({ mode: z.enum(["on"]).default("on") })).optional(),
  });

  test("sets them at every depth, and drops nulls that have none", () => {
    const value = { size: null, inner: {}, list: [{ mode: null }], map: { a: {}, b: null } };
    const full = {
      size: 3,
      inner: { mode: "on" },
      list: [{ mode: "on" }],
      map: { a: { mode: "on" } },
    };
    expect(applyDefaults(schema, value)).toEqual(full);
    expect(applyDefaults(schema, full)).toEqual(full);
  });

  test("adds no parents, and leaves alone what it does not know", () => {
    expect(applyDefaults(schema, { inner: null, other: { size: null } })).toEqual({
      size: 3,
      other: { size: null },
    });
    expect(applyDefaults(schema, "text")).toBe("text");
  });
});
