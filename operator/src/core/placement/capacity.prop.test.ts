// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Inventory } from "../../api/v1alpha1/hypervisor.ts";
import { shortagesOf } from "./capacity.ts";
import { addUp, capacityOf } from "./inventory.ts";

const inventory: fc.Arbitrary<Inventory> = fc
  .record({
    total: fc.integer({ min: 0, max: 1000 }),
    reservedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    allocationRatio: fc.double({ min: 0, max: 16, noNaN: true }),
    minUnit: fc.integer({ min: 1, max: 4 }),
    maxUnit: fc.integer({ min: 1, max: 500 }),
    stepSize: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ reservedShare, ...rest }) => ({
    ...rest,
    reserved: Math.floor(rest.total * reservedShare),
  }));

const claims = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 40 });

describe("claims that are taken one after the other", () => {
  test("never add up to more than the capacity", () => {
    fc.assert(
      fc.property(inventory, claims, (host, amounts) => {
        const taken: { VCPU: number }[] = [];
        for (const amount of amounts) {
          const claim = { VCPU: amount };
          if (shortagesOf({ VCPU: host }, addUp(taken), claim).length === 0) taken.push(claim);
        }
        const used = addUp(taken)["VCPU"] ?? 0;
        expect(used).toBeLessThanOrEqual(Math.max(0, capacityOf(host)));
      }),
    );
  });

  test("are refused no more often when less is used", () => {
    fc.assert(
      fc.property(inventory, fc.nat(500), fc.nat(500), fc.nat(300), (host, one, other, amount) => {
        const refusals = (used: number) =>
          shortagesOf({ VCPU: host }, { VCPU: used }, { VCPU: amount }).length;
        expect(refusals(Math.min(one, other))).toBeLessThanOrEqual(refusals(Math.max(one, other)));
      }),
    );
  });
});
