// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoneApiServer } from "../../../hack/cluster/apiserver-only.ts";
import { objectSchema } from "../../../hack/gen/crd.ts";
import { fieldsOf } from "../../../hack/gen/field-variants.ts";
import { ApiServerClient } from "../testing/api-server-client.ts";
import { startApiServerWithCrds } from "../testing/api-server-with-crds.ts";
import { completeObjects } from "../testing/complete-objects.ts";
import { group, type KindDefinition, version } from "./define-kind.ts";
import { kinds } from "./kinds.ts";

/** The part of an OpenAPI schema that `kubectl explain` shows. */
interface Explained {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Explained>>;
  readonly items?: Explained;
  readonly additionalProperties?: Explained;
}

let server: LoneApiServer;
let schemas: Readonly<Record<string, Explained>>;

beforeAll(async () => {
  server = await startApiServerWithCrds();
  // kubectl reads this document; it is published some moments after the CRDs.
  await server.kubectl(["explain", "server"]);
  const client = new ApiServerClient(server);
  const answer = await client.must("GET", `/openapi/v3/apis/${group}/${version}`);
  schemas = answer.body.components.schemas;
  client.close();
});

afterAll(() => server?.close());

function undescribed(schema: Explained, path: string): string[] {
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => [
    ...(member.description === undefined && !isReference(member) ? [`${path}.${name}`] : []),
    ...undescribed(member, `${path}.${name}`),
  ]);
  const inner = [schema.items, schema.additionalProperties].filter((one) => one !== undefined);
  return [...members, ...inner.flatMap((one) => undescribed(one, `${path}[]`))];
}

/** metadata is Kubernetes' own, and described where it is defined. */
function isReference(schema: object): boolean {
  return "allOf" in schema || "$ref" in schema;
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])("kubectl explain %s", (name) => {
  const definition = kinds[name] as KindDefinition;

  test("describes every field", () => {
    const schema = Object.entries(schemas).find(([key]) =>
      key.endsWith(`.${definition.kind}`),
    )?.[1];
    expect(schema?.description).toBe(definition.description);
    expect(undescribed(schema ?? {}, definition.kind)).toEqual([]);
  });

  test("knows every field", async () => {
    const { stdout } = await server.kubectl(["explain", "--recursive", definition.plural]);
    const explained = new Set(stdout.match(/(?<=^ +)\w+(?=\t)/gm));
    const declared = fieldsOf(objectSchema(definition), completeObjects[name])
      .map(({ path }) => path)
      // What is in a list or a map has no name of its own, or one that the user gives it.
      .filter((path) => isDeclared(path))
      .map((path) => String(path.at(-1)));
    expect(declared.length).toBeGreaterThan(2);
    expect(declared.filter((field) => !explained.has(field))).toEqual([]);
  });

  function isDeclared(path: readonly (string | number)[]): boolean {
    const parent = path.slice(0, -1).reduce<unknown>(schemaAt, objectSchema(definition));
    return (parent as Explained).properties !== undefined;
  }
});

function schemaAt(schema: unknown, step: string | number): unknown {
  const { properties, items, additionalProperties } = schema as Explained;
  return properties?.[step] ?? items ?? additionalProperties;
}
