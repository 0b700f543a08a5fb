// SPDX-License-Identifier: Apache-2.0
import { array, assert, asyncProperty, constantFrom, nat, record } from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoneApiServer } from "../../../hack/cluster/apiserver-only.ts";
import { objectSchema } from "../../../hack/gen/crd.ts";
import {
  absent,
  type Field,
  type FieldPath,
  fieldsOf,
  memberOf,
  variantsOf,
  withField,
} from "../../../hack/gen/field-variants.ts";
import { ApiServerClient } from "../testing/api-server-client.ts";
import { startApiServerWithCrds } from "../testing/api-server-with-crds.ts";
import { compare, type Door, type World, worldOf } from "../testing/doors.ts";
import type { KubeObject } from "./define-kind.ts";
import { kinds } from "./kinds.ts";

const names = Object.keys(kinds) as (keyof typeof kinds)[];

let server: LoneApiServer;
let client: ApiServerClient;

beforeAll(async () => {
  server = await startApiServerWithCrds();
  client = new ApiServerClient(server);
});

afterAll(async () => {
  client?.close();
  await server?.close();
});

/** A field and an object in which it is set. */
interface Place {
  readonly field: Field;
  readonly object: KubeObject;
}

const nameOf = ({ path }: Field): string => path.join(".");

const isBelow = ({ path }: Field, above: FieldPath): boolean =>
  above.length < path.length && above.every((step, index) => path[index] === step);

const valueAt = (object: unknown, { path }: Field): unknown => path.reduce(memberOf, object);

describe.each(names)("%s", (name) => {
  let world: World;

  beforeAll(async () => {
    world = await worldOf(client, name);
  });

  const fieldsIn = (object: KubeObject, { part }: Door): Place[] => {
    const schema = objectSchema(world.definition).properties?.[part];
    if (schema === undefined) throw new Error(`${name} has no ${part}`);
    const found = fieldsOf(schema, object[part], [part]).map((field) => ({ field, object }));
    return found.filter(({ field }) => valueAt(object, field) !== undefined);
  };

  /**
   * Every field that is set, with the object that it is set in. An immutable field has its other members at
   * creation only: there is nothing that an update to them could be compared with.
   */
  const fields = (door: Door): Place[] => [
    ...fieldsIn(world.complete, door),
    ...world.alternatives
      .filter(({ object }) => door.twin(object).ok)
      .flatMap(({ path, object }) =>
        fieldsIn(object, door).filter(({ field }) => isBelow(field, path)),
      ),
  ];

  test("has a complete object: every field is set", () => {
    const schema = objectSchema(world.definition).properties;
    const pathsIn = (object: KubeObject, part: "spec" | "status"): string[] =>
      fieldsOf(schema?.[part] ?? { type: "object" }, object[part], [part]).map(nameOf);
    const parts = ["spec", "status"] as const;
    const objects = [world.complete, ...world.alternatives.map(({ object }) => object)];
    const all = parts.flatMap((part) => objects.flatMap((object) => pathsIn(object, part)));
    const set = new Set(
      [world.create, world.update, world.updateStatus].flatMap((door) =>
        fields(door).map(({ field }) => nameOf(field)),
      ),
    );
    expect(set.size).toBeGreaterThan(0);
    expect([...new Set(all)].filter((path) => !set.has(path))).toEqual([]);
  });

  test.each(["create", "update", "updateStatus"] as const)(
    "zod and the API server agree on every field: %s",
    async (which) => {
      const door = world[which];
      const found: (string | undefined)[] = [];
      for (const { field, object } of fields(door)) {
        const variants = variantsOf(field.schema, valueAt(object, field));
        const comparisons = await Promise.all(
          variants.map((variant) =>
            compare(door, withField(object, field.path, variant) as KubeObject),
          ),
        );
        found.push(...comparisons.map(({ difference }) => difference));
        // Two that let everything pass, or nothing, would agree as well.
        const verdicts = comparisons.map(({ isAccepted }) => isAccepted);
        if (!verdicts.includes(false)) found.push(`${field.path.join(".")}: anything passes`);
        if (!verdicts.includes(true)) found.push(`${field.path.join(".")}: nothing passes`);
      }
      expect(found.length).toBeGreaterThan(5);
      expect(found.filter((one) => one !== undefined)).toEqual([]);
    },
  );

  test("zod and the API server agree on objects with several changes", async () => {
    const doors = [world.create, world.update, world.updateStatus];
    const change = record({ field: nat(), variant: nat() });
    await assert(
      asyncProperty(
        constantFrom(...doors),
        array(change, { minLength: 1, maxLength: 4 }),
        async (door, changes) => {
          const object = changes.reduce<unknown>((now, { field, variant }) => {
            const { field: chosen, object: base } = pick(fields(door), field);
            const variants = variantsOf(chosen.schema, valueAt(base, chosen));
            return withField(now, chosen.path, pick(variants, variant));
          }, world.complete) as KubeObject;
          expect((await compare(door, object)).difference).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  test("what is not an object of the kind is refused by both", async () => {
    const { complete, create } = world;
    const objects = [
      { ...complete, unknownMember: 1 },
      { ...complete, kind: "Bogus" },
      { ...complete, apiVersion: "kilonova.io/v9" },
      withField(complete, ["spec"], absent),
      withField(complete, ["spec"], null),
      withField(complete, ["spec"], []),
    ] as KubeObject[];
    for (const object of objects) {
      expect([object, (await create.ask(object)).isOk]).toEqual([object, false]);
      expect([object, create.twin(object).ok]).toEqual([object, false]);
    }
  });
});

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}
