// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  agentConfigSchema,
  describeConfig,
  json,
  operatorProcessSchema,
  readConfig,
  variableOf,
} from "./config.ts";

const required = {
  KILONOVA_NAMESPACE: "kilonova",
  KILONOVA_HEARTBEAT_NAMESPACE: "kilonova-heartbeats",
};
const operator = {
  ...required,
  KILONOVA_POD_NAME: "operator-1",
  KILONOVA_GUEST_IMAGE: "registry.example/guest:1",
};

describe("the configuration", () => {
  test("comes from the environment, with defaults", () => {
    const config = readConfig(operatorProcessSchema, {
      ...operator,
      KILONOVA_UP_AFTER_SECONDS: "45",
      KILONOVA_LOG_LEVEL: "",
      PATH: "/usr/bin",
    });
    expect(config).toMatchObject({
      namespace: "kilonova",
      upAfterSeconds: 45,
      healthPort: 8080,
      logLevel: "info",
    });
  });

  test("names every variable that is missing or wrong", () => {
    const environment = { ...operator, KILONOVA_UP_AFTER_SECONDS: "soon", KILONOVA_NAMESPACE: "" };
    expect(() => readConfig(operatorProcessSchema, environment)).toThrow(
      "KILONOVA_NAMESPACE: is required; KILONOVA_UP_AFTER_SECONDS: is not a whole number",
    );
    const tooMuch = { ...operator, KILONOVA_UP_AFTER_SECONDS: "9999" };
    expect(() => readConfig(operatorProcessSchema, tooMuch)).toThrow(
      /^KILONOVA_UP_AFTER_SECONDS: .*3600/,
    );
  });

  test("splits lists at commas", () => {
    const environment = { ...required, KILONOVA_NODE_NAME: "node-1" };
    const read = (value: string) =>
      readConfig(agentConfigSchema, { ...environment, KILONOVA_IMAGE_SOURCES_ALLOWED: value });
    expect(read("10.0.0.0/8, fd00::/8").imageSourcesAllowed).toEqual(["10.0.0.0/8", "fd00::/8"]);
    expect(read("").imageSourcesAllowed).toEqual([]);
  });

  test("takes what is written as JSON, and names the member that is wrong", () => {
    const schema = z.strictObject({ rules: json(z.strictObject({ max: z.int() })).prefault("{}") });
    const read = (text: string) => readConfig(schema, { KILONOVA_RULES: text });
    expect(read('{"max": 3}')).toEqual({ rules: { max: 3 } });
    expect(() => read("max=3")).toThrow("KILONOVA_RULES: is not JSON");
    expect(() => read('{"max": "many"}')).toThrow(/^KILONOVA_RULES: max: /);
  });

  test("is not disturbed by what Kubernetes sets for a Service of our name", () => {
    const environment = { ...operator, KILONOVA_PORT: "tcp://10.0.0.1:80" };
    expect(readConfig(operatorProcessSchema, environment).healthPort).toBe(8080);
  });

  test.for([operatorProcessSchema, agentConfigSchema])("describes all of itself", (schema) => {
    const variables = describeConfig(schema);
    expect(variables.map(({ variable }) => variable)).toEqual(
      Object.keys(schema.shape).map(variableOf),
    );
    for (const { description } of variables) expect(description).toMatch(/^[A-Z].*\.$/);
    const named = (name: string) => variables.find(({ variable }) => variable === name);
    expect(named("KILONOVA_HEALTH_PORT")).toMatchObject({ default: "8080", isRequired: false });
    expect(named("KILONOVA_NAMESPACE")).toMatchObject({ default: undefined, isRequired: true });
  });
});
