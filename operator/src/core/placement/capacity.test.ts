// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Inventory } from "../../api/v1alpha1/hypervisor.ts";
import { describeShortage, shortagesOf } from "./capacity.ts";
import { addUp, capacityOf } from "./inventory.ts";

const plain: Inventory = {
  total: 10,
  reserved: 2,
  allocationRatio: 1.5,
  minUnit: 1,
  maxUnit: 8,
  stepSize: 1,
};

describe("capacity", () => {
  test("is what is not reserved times the ratio, not rounded", () => {
    expect(capacityOf(plain)).toBe(12);
    expect(capacityOf({ ...plain, total: 3, allocationRatio: 1.5, reserved: 0 })).toBe(4.5);
  });

  test("may be used up to the last unit and no further", () => {
    expect(shortagesOf({ VCPU: plain }, { VCPU: 10 }, { VCPU: 2 })).toEqual([]);
    expect(shortagesOf({ VCPU: plain }, { VCPU: 10 }, { VCPU: 3 })).toEqual([
      { resourceClass: "VCPU", amount: 3, rule: "OverCapacity" },
    ]);
  });

  test("of half a unit takes no whole one", () => {
    const half = { ...plain, total: 1, reserved: 0, allocationRatio: 1.5 };
    expect(shortagesOf({ VCPU: half }, { VCPU: 1 }, { VCPU: 1 })).toHaveLength(1);
  });

  test("is not asked for when the amount is 0", () => {
    expect(shortagesOf({}, {}, { DISK_GB: 0 })).toEqual([]);
  });
});

describe("a claim", () => {
  test("is held to the units and steps of the inventory", () => {
    const coarse = { ...plain, minUnit: 2, maxUnit: 6, stepSize: 2 };
    const rule = (amount: number) => shortagesOf({ VCPU: coarse }, {}, { VCPU: amount })[0]?.rule;
    expect([1, 2, 3, 6, 8].map(rule)).toEqual([
      "BelowMinUnit",
      undefined,
      "OffStep",
      undefined,
      "AboveMaxUnit",
    ]);
  });

  test("of a class that the host does not have falls short", () => {
    expect(shortagesOf({}, {}, { VGPU: 1 })[0]?.rule).toBe("NoInventory");
  });

  test("reports every class that falls short, by name", () => {
    const found = shortagesOf(
      { VCPU: plain },
      { VCPU: 12 },
      { VCPU: 1, MEMORY_MB: 64, DISK_GB: 1 },
    );
    expect(found.map(({ resourceClass }) => resourceClass)).toEqual([
      "DISK_GB",
      "MEMORY_MB",
      "VCPU",
    ]);
  });
});

describe("a shortage", () => {
  test("reads as a sentence with the unit of its class", () => {
    const base = { resourceClass: "MEMORY_MB", amount: 512 } as const;
    expect(describeShortage({ ...base, rule: "OverCapacity" })).toBe("lacks 512 MiB MEMORY_MB");
    expect(describeShortage({ ...base, rule: "NoInventory" })).toBe("offers no MEMORY_MB");
    expect(describeShortage({ resourceClass: "VCPU", amount: 3, rule: "OffStep" })).toBe(
      "does not hand out 3 VCPU in one piece",
    );
  });
});

test("amounts add up class by class", () => {
  expect(addUp([{ VCPU: 1 }, { VCPU: 2, DISK_GB: 5 }, {}])).toEqual({ VCPU: 3, DISK_GB: 5 });
});
