// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineAct } from "../happening.ts";
import { zones } from "../world/people.ts";

const racks = ["a", "b"] as const;

export const editZones = defineAct({
  name: "edit-zones",
  says: "an administrator makes, changes or removes an availability zone, under whatever runs there",
  weight: 2,
  async strike({ nodes, people }, chance) {
    const rack = chance.pick(racks) ?? "a";
    const availabilityZone = chance.pick(zones) ?? "east";
    const node = chance.pick(nodes)?.name ?? "";
    const ways = [
      () => people.addAggregate(rack, availabilityZone),
      () => people.change(resources.hostAggregates, rack, { spec: { availabilityZone } }),
      () => people.remove(resources.hostAggregates, rack),
      () => people.change(resources.nodes, node, { metadata: { labels: { rack } } }),
      () => people.change(resources.nodes, node, { metadata: { labels: { rack: null } } }),
    ];
    await chance.pick(ways)?.();
  },
});
