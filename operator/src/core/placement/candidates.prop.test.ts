// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bruteForce, candidateRequest, world } from "../../testing/placement-worlds.ts";
import { keyOfCandidate } from "./candidate.ts";
import { allCandidates } from "./candidates.ts";
import { capacityOf } from "./inventory.ts";
import { ProviderWorld, type ResourceProvider } from "./provider.ts";

const runs = { numRuns: 200 };

describe("the candidates of a request", () => {
  test("are those that trying everything finds: no other, and none missing", () => {
    fc.assert(
      fc.property(world, candidateRequest, (providers, request) => {
        const found = [...allCandidates(new ProviderWorld(providers), request)].map(keyOfCandidate);
        const expected = bruteForce(providers, request).map(keyOfCandidate);
        expect(found.toSorted()).toEqual([...new Set(expected)].toSorted());
      }),
      runs,
    );
  });

  test("never take a provider over its capacity", () => {
    fc.assert(
      fc.property(world, candidateRequest, (providers, request) => {
        const known = new ProviderWorld(providers);
        for (const { allocations } of allCandidates(known, request)) {
          for (const [uuid, amounts] of allocations) {
            const { inventories = {}, used = {} } = known.byUuid.get(uuid) ?? {};
            for (const [name, amount] of Object.entries(amounts)) {
              const inventory = inventories[name];
              const capacity = inventory === undefined ? 0 : capacityOf(inventory);
              expect((used[name] ?? 0) + amount).toBeLessThanOrEqual(capacity);
            }
          }
        }
      }),
      runs,
    );
  });

  test("stay when capacity is added", () => {
    const larger = (providers: readonly ResourceProvider[]): ResourceProvider[] =>
      providers.map((provider) => ({
        ...provider,
        inventories: Object.fromEntries(
          Object.entries(provider.inventories).map(([name, one]) => [
            name,
            { ...one, total: one.total + 1, maxUnit: one.maxUnit + 1 },
          ]),
        ),
      }));
    fc.assert(
      fc.property(world, candidateRequest, (providers, request) => {
        const keysIn = (list: readonly ResourceProvider[]): Set<string> =>
          new Set([...allCandidates(new ProviderWorld(list), request)].map(keyOfCandidate));
        const before = keysIn(providers);
        const after = keysIn(larger(providers));
        expect([...before].filter((key) => !after.has(key))).toEqual([]);
      }),
      runs,
    );
  });
});
