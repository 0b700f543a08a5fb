// SPDX-License-Identifier: Apache-2.0
import { keysUnder, metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

const namespace = "trait:";

export const aggregateTraits = defineFilter({
  name: "aggregate-traits",
  source: "isolate_aggregates",
  about:
    "Aggregates that name traits (`trait:X` with value `required`) take only who requires all of them.",
  asks: ({ placement }) => placement?.groups.flatMap((group) => group.required.flat()) ?? [],
  testFor(traits) {
    const required = new Set(traits);
    return (host) => {
      const kept = keysUnder(host, namespace).find(
        (key) =>
          metadataOf(host, key).has("required") && !required.has(key.slice(namespace.length)),
      );
      return (
        kept === undefined || `is kept for servers that require ${kept.slice(namespace.length)}`
      );
    };
  },
});
