// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { hostAggregateStatusSchema } from "../../api/v1alpha1/host-aggregate.ts";
import { anAggregate } from "../../testing/builders.ts";
import { aggregateStatusOf } from "./status.ts";

const now = "2026-01-01T00:00:00Z";
const hosts = [
  { name: "node-2", labels: { rack: "a" }, pinned: [] },
  { name: "node-1", labels: { rack: "a" }, pinned: [] },
  { name: "node-3", labels: { rack: "b" }, pinned: [] },
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

test("servers that are pinned to another zone than their host came into are told of, and stay", () => {
  const east = anAggregate("a", { ...rackA, availabilityZone: "east" });
  const pinned = ["e", "d", "c", "b"].map((name) => ({ key: `team/${name}`, zone: "west" }));
  const here = { key: "team/a", zone: "east" };
  const held = [{ name: "node-1", labels: { rack: "a" }, pinned: [here, ...pinned] }];
  const [condition] = aggregateStatusOf(east, { all: [east], hosts: held }, now).conditions ?? [];
  expect(condition).toMatchObject({
    status: "False",
    reason: "ServersPinnedElsewhere",
    message:
      "team/b on node-1 is pinned to zone west, team/c on node-1 is pinned to zone west, team/d on node-1 is pinned to zone west and 1 more: bring the host back into that zone, or ask for zone east in the server",
  });
  const rack = anAggregate("a", rackA);
  const [fine] = aggregateStatusOf(rack, { all: [rack], hosts: held }, now).conditions ?? [];
  expect(fine?.status).toBe("True");
});
