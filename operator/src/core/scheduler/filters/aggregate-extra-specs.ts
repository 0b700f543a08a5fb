// SPDX-License-Identifier: Apache-2.0
import { metadataOf } from "../aggregates.ts";
import { demandsOf, matchesSpec } from "../spec-operators.ts";
import { defineFilter } from "../filter.ts";

/**
 * The host's aggregates say what the flavor's `aggregate_instance_extra_specs:` demand.
 * Differs: extra specs without a namespace are matched only when the settings say so.
 */
export const aggregateExtraSpecs = defineFilter({
  name: "aggregate-extra-specs",
  source: "AggregateInstanceExtraSpecsFilter",
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
