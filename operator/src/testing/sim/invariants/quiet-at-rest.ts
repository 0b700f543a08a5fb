// SPDX-License-Identifier: Apache-2.0
import { defineInvariant } from "./invariant.ts";

/** Protocol P9. Counts of repeated Events are written late, and end by themselves. */
export const quietAtRest = defineInvariant({
  name: "quiet-at-rest",
  says: "a world in which nothing is missing writes nothing but Leases",
  watch({ api }) {
    let writes: string[] = [];
    api.onWrite(({ actor, verb, kind, key }) => {
      if (kind !== "Lease") writes.push(`${actor} ${verb} ${kind} ${key}`);
    });
    return {
      beforeIdle: () => {
        writes = [];
      },
      atEnd: () =>
        writes.length === 0
          ? undefined
          : `${writes.length} writes, among them ${writes.slice(0, 4).join("; ")}`,
    };
  },
});
