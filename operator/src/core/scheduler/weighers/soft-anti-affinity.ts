// SPDX-License-Identifier: Apache-2.0
import { memberCounter } from "../group.ts";
import { defineWeigher } from "../weigher.ts";

export const softAntiAffinity = defineWeigher({
  name: "soft-anti-affinity",
  source: "ServerGroupSoftAntiAffinityWeigher",
  about: "The fewer members of the server's group are on the host, or in its zone, the better.",
  differs: "zones as well as hosts.",
  defaultMultiplier: 1,
  multiplierKey: "soft_anti_affinity_weight_multiplier",
  measureFor({ group }) {
    if (group?.policy !== "soft-anti-affinity") return undefined;
    const membersAt = memberCounter(group);
    return (host) => -membersAt(host);
  },
});
