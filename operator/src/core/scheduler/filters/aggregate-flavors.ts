// SPDX-License-Identifier: Apache-2.0
import { metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

/** Aggregates that name flavors (`instance_type`) take no others. */
export const aggregateFlavors = defineFilter({
  name: "aggregate-flavors",
  source: "AggregateTypeAffinityFilter",
  testFor({ flavor }) {
    if (flavor === undefined) return undefined;
    return (host) => {
      const names = metadataOf(host, "instance_type");
      return names.size === 0 || names.has(flavor.name) || "is kept for other flavors";
    };
  },
});
