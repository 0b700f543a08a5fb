// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { valuesJsonSchema, valuesSchema, valuesYaml } from "./values.ts";

const chart = join(import.meta.dirname, "../../charts/kilonova");

function templates(): string {
  const paths = readdirSync(join(chart, "templates"), { recursive: true, encoding: "utf8" });
  const files = paths.filter((path) => /\.(yaml|tpl|txt)$/.test(path));
  return files.map((path) => readFileSync(join(chart, "templates", path), "utf8")).join("\n");
}

/** The dotted paths of all values, groups left out. */
function valuePaths(schema: z.ZodObject, prefix = ""): string[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, member]) =>
    member instanceof z.ZodObject ? valuePaths(member, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

describe("the chart", () => {
  test("has the product's version", () => {
    const { version, appVersion } = parse(readFileSync(join(chart, "Chart.yaml"), "utf8"));
    expect([version, appVersion]).toEqual([manifest.version, manifest.version]);
  });

  test("uses every value that there is, and no other", () => {
    const used = new Set(templates().match(/(?<=\.Values\.)[A-Za-z.]+/g));
    expect([...used].toSorted()).toEqual(valuePaths(valuesSchema).toSorted());
  });
});

describe("values.yaml", () => {
  test("holds every default, with its description above it", () => {
    const text = valuesYaml();
    const defaults = valuesSchema.parse(parse(text));
    expect(defaults.operator.replicas).toBe(2);
    expect(defaults.agent.resources.limits).toEqual({ memory: "1Gi" });
    expect(text).toContain("# One leads, the others stand by.\n  replicas: 2");
  });

  test("has a schema that lets nothing unknown pass", () => {
    const schemas = JSON.stringify(valuesJsonSchema()).match(/"additionalProperties":\w+/g);
    expect(new Set(schemas)).toContain('"additionalProperties":false');
    expect(schemas?.length).toBeGreaterThan(6);
  });
});
