// SPDX-License-Identifier: Apache-2.0
import { metadataKeysOf, metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

const namespace = "trait:";

/** Aggregates that name traits (`trait:X` with value `required`) take only who requires all of them. */
export const aggregateTraits = defineFilter({
  name: "aggregate-traits",
  source: "isolate_aggregates",
  testFor({ placement }) {
    const required = new Set(placement?.groups.flatMap((group) => group.required.flat()));
    return (host) => {
      const kept = metadataKeysOf(host)
        .filter((key) => key.startsWith(namespace) && metadataOf(host, key).has("required"))
        .map((key) => key.slice(namespace.length))
        .find((trait) => !required.has(trait));
      return kept === undefined || `is kept for servers that require ${kept}`;
    };
  },
});
