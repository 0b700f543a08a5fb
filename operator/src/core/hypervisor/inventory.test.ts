// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { capacityOf } from "../placement/inventory.ts";
import { inventoriesOf } from "./inventory.ts";

const host = {
  cpus: 4,
  allocatableBytes: 6 * 2 ** 30,
  otherPodsBytes: 512 * 2 ** 20,
  diskGib: 100,
};

describe("what a host offers", () => {
  test("is its CPUs four times, and its memory and disk once", () => {
    const offered = inventoriesOf(host, {});
    expect(capacityOf(offered["VCPU"]!)).toBe(16);
    expect(capacityOf(offered["MEMORY_MB"]!)).toBe(6 * 1024 - 512);
    expect(capacityOf(offered["DISK_GB"]!)).toBe(100);
  });

  test("follows the administrator's ratios and reserves", () => {
    const offered = inventoriesOf(host, {
      allocationRatios: { VCPU: 1, MEMORY_MB: 1.5 },
      reserved: { VCPU: 1, MEMORY_MB: 632 },
    });
    expect(capacityOf(offered["VCPU"]!)).toBe(3);
    expect(capacityOf(offered["MEMORY_MB"]!)).toBe(7500);
    expect(capacityOf(offered["DISK_GB"]!)).toBe(100);
  });

  test("lets one server take the whole host, but no more than there is", () => {
    expect(inventoriesOf(host, {})["VCPU"]!.maxUnit).toBe(4);
  });

  test("is also what the administrator says that there is, as long as that is said", () => {
    const given = { reserved: 1, allocationRatio: 1, minUnit: 1, stepSize: 1 };
    const provider = { inventories: { CUSTOM_LICENSE: { ...given, total: 10 } } };
    expect(inventoriesOf(host, { provider })["CUSTOM_LICENSE"]).toEqual({
      ...given,
      total: 10,
      maxUnit: 10,
    });
    expect(Object.keys(inventoriesOf(host, {}))).toEqual(["VCPU", "MEMORY_MB", "DISK_GB"]);
  });

  test("is no memory where other pods request more than is allocatable", () => {
    const memory = inventoriesOf({ ...host, otherPodsBytes: 7 * 2 ** 30 }, {})["MEMORY_MB"]!;
    expect(memory.total).toBe(0);
    expect(memory.maxUnit).toBe(1);
  });
});
