// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { hostAggregateStatusSchema } from "../../api/v1alpha1/host-aggregate.ts";
import { anAggregate } from "../../testing/builders.ts";
import { aggregateStatusOf } from "./status.ts";

const now = "2026-01-01T00:00:00Z";
const hosts = [
  { name: "node-2", labels: { rack: "a" } },
  { name: "node-1", labels: { rack: "a" } },
  { name: "node-3", labels: { rack: "b" } },
];
const rackA = { nodeSelector: { matchLabels: { rack: "a" } } };

test("the status of an aggregate names its hosts", () => {
  const rack = anAggregate("rack", rackA);
  const status = aggregateStatusOf(rack, { all: [rack], hosts }, now);
  expect(hostAggregateStatusSchema.parse(status)).toEqual(status);
  expect(status).toMatchObject({
    hostCount: 2,
    hosts: ["node-1", "node-2"],
    conditions: [{ type: "Ready", status: "True" }],
  });
});

test("a host in two zones is told by the aggregate that does not count", () => {
  const first = anAggregate("a", { nodeSelector: {}, availabilityZone: "east" });
  const second = anAggregate("b", { ...rackA, availabilityZone: "west" });
  const world = { all: [second, first], hosts };
  expect(aggregateStatusOf(first, world, now).conditions).toMatchObject([{ status: "True" }]);
  expect(aggregateStatusOf(second, world, now).conditions).toMatchObject([
    {
      status: "False",
      reason: "ZoneConflict",
      message: "node-1 is in zone east by a and node-2 is in zone east by a: change a selector",
    },
  ]);
});
