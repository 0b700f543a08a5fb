// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { nodeCountMax, planNode } from "./layout.ts";

const plans = Array.from({ length: nodeCountMax }, (_, index) => planNode(index + 1));

test("no two nodes share a name or an address", () => {
  const values = plans.flatMap((plan) => [
    plan.name,
    ...plan.addresses,
    plan.hardwareAddress,
    ...plan.podSubnets,
    plan.link,
    plan.guestLink,
  ]);
  expect(new Set(values).size).toBe(values.length);
});

test("names of network interfaces are short enough for the kernel", () => {
  const names = plans.flatMap(({ link, guestLink }) => [link, guestLink]);
  expect(names.filter((name) => name.length > 15)).toEqual([]);
});

test.each([0, nodeCountMax + 1, 1.5, Number.NaN])("there is no node %d", (number) => {
  expect(() => planNode(number)).toThrow(RangeError);
});
