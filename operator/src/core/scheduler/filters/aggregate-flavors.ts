// SPDX-License-Identifier: Apache-2.0
import { metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

export const aggregateFlavors = defineFilter({
  name: "aggregate-flavors",
  source: "AggregateTypeAffinityFilter",
  about: "Aggregates that name flavors (`instance_type`) take no others.",
  asks: ({ flavor }) => flavor?.name,
  testFor: (flavor) => (host) => {
    const names = metadataOf(host, "instance_type");
    return names.size === 0 || names.has(flavor) || "is kept for other flavors";
  },
});
