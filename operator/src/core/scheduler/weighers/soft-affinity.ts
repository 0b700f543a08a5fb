// SPDX-License-Identifier: Apache-2.0
import { memberCounter } from "../group.ts";
import { defineWeigher } from "../weigher.ts";

/** Members of the server's group that are on the host, or in its zone. */
export const softAffinity = defineWeigher({
  name: "soft-affinity",
  source: "ServerGroupSoftAffinityWeigher",
  defaultMultiplier: 1,
  multiplierKey: "soft_affinity_weight_multiplier",
  measureFor({ group }) {
    if (group?.policy !== "soft-affinity") return undefined;
    return memberCounter(group);
  },
});
