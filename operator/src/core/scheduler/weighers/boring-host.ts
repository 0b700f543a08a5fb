// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

export const boringHost = defineWeigher({
  name: "boring-host",
  source: "none",
  about:
    "Special traits and resource classes of the host count against it: it is kept for servers that ask for them. What all hosts have makes no difference.",
  defaultMultiplier: 0.5,
  multiplierKey: "boring_host_weight_multiplier",
  isAdverse: true,
  weigh: ({ traits, inventory }) => (traits?.size ?? 0) + Object.keys(inventory ?? {}).length,
});
