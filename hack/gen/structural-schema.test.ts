// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { listByKey, mapOf, setOf, text } from "../../operator/src/api/bounded.ts";
import { fieldSchema } from "./structural-schema.ts";

describe("fieldSchema", () => {
  test("says what a structural schema can say", () => {
    const item = z.strictObject({ type: text(1, 8).describe("Its type.") });
    const schema = z.strictObject({
      name: text(1, 63)
        .regex(/^[a-z]+(\/[a-z]+)?$/)
        .describe("A name."),
      size: z.int().min(1).max(9).default(2).describe("A size."),
      ratio: z.number().min(0.5).max(2).optional().describe("A ratio."),
      mode: z.enum(["On", "Off"]).describe("A mode."),
      isNew: z.boolean().optional().describe("Whether it is new."),
      labels: mapOf(text(1, 8), text(0, 9), 4).describe("Labels."),
      members: setOf(text(1, 8), 5).describe("Members."),
      conditions: listByKey(item, "type", 6).describe("Conditions."),
    });
    expect(fieldSchema(schema.describe("Everything."), "spec")).toEqual({
      type: "object",
      description: "Everything.",
      required: ["name", "mode", "labels", "members", "conditions"],
      properties: {
        name: {
          type: "string",
          description: "A name.",
          minLength: 1,
          maxLength: 63,
          pattern: "^[a-z]+(/[a-z]+)?$",
        },
        size: { type: "integer", description: "A size.", minimum: 1, maximum: 9, default: 2 },
        ratio: {
          type: "number",
          description: "A ratio.",
          minimum: 0.5,
          maximum: 2,
          "x-kubernetes-validations": [{ rule: "self >= 0.5", message: "must be at least 0.5" }],
        },
        mode: { type: "string", description: "A mode.", enum: ["On", "Off"] },
        isNew: { type: "boolean", description: "Whether it is new." },
        labels: {
          type: "object",
          description: "Labels.",
          maxProperties: 4,
          additionalProperties: { type: "string", maxLength: 9 },
          "x-kubernetes-validations": [
            {
              rule: "self.all(key, size(key) >= 1 && size(key) <= 8)",
              message: "keys must have 1 to 8 characters",
            },
          ],
        },
        members: {
          type: "array",
          description: "Members.",
          maxItems: 5,
          "x-kubernetes-list-type": "set",
          items: { type: "string", minLength: 1, maxLength: 8 },
        },
        conditions: {
          type: "array",
          description: "Conditions.",
          maxItems: 6,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          items: {
            type: "object",
            required: ["type"],
            properties: {
              type: { type: "string", description: "Its type.", minLength: 1, maxLength: 8 },
            },
          },
        },
      },
    });
  });

  test("says in words what a pattern asks for, where its author did", () => {
    const schema = text(1, 9)
      .regex(/^[a-z"\\]+$/, "write lower-case letters")
      .describe("A word.");
    expect(fieldSchema(schema, "spec.word")).toMatchObject({
      pattern: '^[a-z"\\\\]+$',
      "x-kubernetes-validations": [
        { rule: 'self.matches("^[a-z\\"\\\\\\\\]+$")', message: "write lower-case letters" },
      ],
    });
  });

  test("takes the description that is said last", () => {
    const schema = text(0, 9).describe("Inner.").optional().describe("Outer.");
    expect(fieldSchema(schema, "x").description).toBe("Outer.");
  });

  test.each<[string, z.ZodType, string]>([
    ["an union", z.union([text(0, 1), z.boolean()]), "z.union"],
    ["what may be null", text(0, 1).nullable(), "z.nullable"],
    ["a transformed value", text(0, 1).transform(Number), "z.pipe"],
    ["a trimmed string", text(0, 1).trim(), "overwrite"],
    ["a string without bounds", z.string(), "no bounds"],
    ["a string that counts UTF-16 units", z.string().max(9), "no bounds"],
    ["such a string in disguise", text(0, 9).max(8), "maxLength"],
    ["a format", z.iso.date(), "formats"],
    ["two patterns", text(0, 9).regex(/^a/).regex(/b$/), "more than one"],
    ["a pattern that RE2 reads differently", text(0, 9).regex(/^\s$/), "escape"],
    ["an integer without a bound", z.int().min(0), "no bounds"],
    ["an exclusive bound", z.int().gt(0).max(9), "greater_than"],
    ["a multiple", z.int().min(0).max(9).multipleOf(3), "multiple_of"],
    ["a list without a bound", z.array(z.boolean()), "no bound"],
    ["a map without a bound", z.record(text(1, 9), z.boolean()), "no bound"],
    ["a map with a pattern for keys", mapOf(text(1, 9).regex(/^a$/), z.boolean(), 3), "keys"],
    ["an object that is not strict", z.object({}), "strictObject"],
    ["a function", z.boolean().refine(() => true), "function"],
    ["a function beside a bound", text(0, 9).refine(() => true), "function"],
    ["metadata of no use", text(0, 9).meta({ maximum: 3 }), "no use"],
    ["a member without a description", z.strictObject({ a: text(0, 9) }), "spec.a: has no"],
  ])("refuses %s and names the path", (_, schema, why) => {
    expect(() => fieldSchema(schema.describe("It."), "spec")).toThrow(why);
    expect(() => fieldSchema(schema.describe("It."), "spec")).toThrow(/^spec/);
  });

  test("refuses a field without a description", () => {
    expect(() => fieldSchema(text(0, 9), "spec.a")).toThrow("spec.a: has no description");
  });
});
