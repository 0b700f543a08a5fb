// SPDX-License-Identifier: Apache-2.0
import { metadataKeysOf, metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

/** Aggregates that name tenants (`filter_tenant_id`, with any ending) take no others. */
export const aggregateTenants = defineFilter({
  name: "aggregate-tenants",
  source: "AggregateMultiTenancyIsolation",
  testFor:
    ({ namespace }) =>
    (host) => {
      if (host.aggregates === undefined || host.aggregates.length === 0) return true;
      const keys = metadataKeysOf(host).filter((key) => key.startsWith("filter_tenant_id"));
      const isListed = keys.some(
        (key) => namespace !== undefined && metadataOf(host, key).has(namespace),
      );
      return keys.length === 0 || isListed || "is kept for other tenants";
    },
});
