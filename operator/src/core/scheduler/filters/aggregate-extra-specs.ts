// SPDX-License-Identifier: Apache-2.0
import { metadataOf } from "../aggregates.ts";
import { demandsOf, matchesSpec } from "../spec-operators.ts";
import { defineFilter } from "../filter.ts";

export const aggregateExtraSpecs = defineFilter({
  name: "aggregate-extra-specs",
  source: "AggregateInstanceExtraSpecsFilter",
  about: "The host's aggregates say what the flavor's `aggregate_instance_extra_specs:` demand.",
  differs: "extra specs without a namespace are matched only when the settings say so.",
  asks({ flavor }, settings) {
    const demands = demandsOf(flavor?.extraSpecs, "aggregate_instance_extra_specs:", settings);
    return demands.length === 0 ? undefined : demands;
  },
  testFor: (demands) => (host) => {
    for (const { key, demand } of demands) {
      const isMet = [...metadataOf(host, key)].some((value) => matchesSpec(value, demand));
      if (!isMet) return `is in no aggregate with ${key} ${demand}`;
    }
    return true;
  },
});
