// SPDX-License-Identifier: Apache-2.0
import { memberCounter } from "../group.ts";
import { defineWeigher } from "../weigher.ts";

export const softAffinity = defineWeigher({
  name: "soft-affinity",
  source: "ServerGroupSoftAffinityWeigher",
  about: "Members of the server's group that are on the host, or in its zone.",
  differs: "zones as well as hosts.",
  defaultMultiplier: 1,
  multiplierKey: "soft_affinity_weight_multiplier",
  measureFor({ group }) {
    if (group?.policy !== "soft-affinity") return undefined;
    return memberCounter(group);
  },
});
