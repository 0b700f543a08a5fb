// SPDX-License-Identifier: Apache-2.0
import { freeOf } from "../../placement/inventory.ts";
import { defineWeigher } from "../weigher.ts";

export const ram = defineWeigher({
  name: "ram",
  source: "RAMWeigher",
  about: "Memory that is there and not promised: spreads servers.",
  defaultMultiplier: 1,
  multiplierKey: "ram_weight_multiplier",
  floor: 0,
  weigh: ({ inventory, used }) => freeOf(inventory?.["MEMORY_MB"], used["MEMORY_MB"]),
});
