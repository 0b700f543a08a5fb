// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

export const serverCount = defineWeigher({
  name: "server-count",
  source: "NumInstancesWeigher",
  about: "Servers that are there: above 0 it packs, below 0 it spreads.",
  defaultMultiplier: 0,
  multiplierKey: "num_instances_weight_multiplier",
  weigh: ({ serverCount: count = 0 }) => count,
});
