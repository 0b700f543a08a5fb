// SPDX-License-Identifier: Apache-2.0
import { keysUnder, metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

export const aggregateTenants = defineFilter({
  name: "aggregate-tenants",
  source: "AggregateMultiTenancyIsolation",
  about: "Aggregates that name tenants (`filter_tenant_id`, with any ending) take no others.",
  differs: "tenants are namespaces.",
  asks: ({ namespace = "" }) => namespace,
  testFor: (namespace) => (host) => {
    const keys = keysUnder(host, "filter_tenant_id");
    const isMine = (key: string): boolean =>
      namespace !== "" && metadataOf(host, key).has(namespace);
    return keys.length === 0 || keys.some(isMine) || "is kept for other tenants";
  },
});
