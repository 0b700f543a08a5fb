// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { unitsOf } from "../../testing/placement-worlds.ts";
import { AllocationLedger, type Claim } from "./ledger.ts";

const consumers = ["a", "b", "c"];
const providers = ["host", "gpu"];
const claim = fc.record({
  consumer: fc.constantFrom(...consumers),
  amounts: fc.dictionary(fc.constantFrom(...providers), fc.integer({ min: 1, max: 4 })),
});

test("whatever is claimed in whatever order, no provider gives more than it has", () => {
  fc.assert(
    fc.property(fc.array(fc.array(claim, { maxLength: 2 }), { maxLength: 30 }), (writes) => {
      const ledger = new AllocationLedger();
      for (const uuid of providers) ledger.addProvider(uuid, { VCPU: unitsOf(5) });
      for (const write of writes) {
        const claims = [...new Map(write.map((one) => [one.consumer, one])).values()].map(
          ({ consumer, amounts }): Claim => {
            const generation = ledger.consumers().get(consumer);
            const taken = Object.entries(amounts).map(([uuid, VCPU]) => [uuid, { VCPU }] as const);
            return {
              consumer,
              ...(generation !== undefined && { consumerGeneration: generation }),
              allocations: new Map(taken),
            };
          },
        );
        const before = providers.map((uuid) => ({ ...ledger.usedOf(uuid) }));
        if (!ledger.claim(claims).ok) {
          expect(providers.map((uuid) => ledger.usedOf(uuid))).toEqual(before);
        }
        for (const uuid of providers) {
          const held = consumers.map((one) => ledger.allocationsOf(one).get(uuid)?.["VCPU"] ?? 0);
          const sum = held.reduce((total, amount) => total + amount, 0);
          expect(ledger.usedOf(uuid)["VCPU"] ?? 0).toBe(sum);
          expect(sum).toBeLessThanOrEqual(5);
        }
      }
    }),
    { numRuns: 200 },
  );
});
