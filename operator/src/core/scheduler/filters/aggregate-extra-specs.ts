// SPDX-License-Identifier: Apache-2.0
import { metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";
import { matchesSpec } from "../spec-operators.ts";

const namespace = "aggregate_instance_extra_specs:";

/**
 * The host's aggregates say what the flavor's `aggregate_instance_extra_specs:` demand.
 * Differs: extra specs without a namespace are matched only when the settings say so.
 */
export const aggregateExtraSpecs = defineFilter({
  name: "aggregate-extra-specs",
  source: "AggregateInstanceExtraSpecsFilter",
  passes(host, { flavor }, settings) {
    for (const [name, demand] of Object.entries(flavor?.extraSpecs ?? {})) {
      const isUnscoped = !name.includes(":");
      if (isUnscoped ? !settings.matchesUnscopedExtraSpecs : !name.startsWith(namespace)) continue;
      const key = isUnscoped ? name : name.slice(namespace.length);
      const isMet = [...metadataOf(host, key)].some((value) => matchesSpec(value, demand));
      if (!isMet) return `is in no aggregate with ${key} ${demand}`;
    }
    return true;
  },
});
