// SPDX-License-Identifier: Apache-2.0
import { freeOf } from "../../placement/inventory.ts";
import { defineWeigher } from "../weigher.ts";

export const disk = defineWeigher({
  name: "disk",
  source: "DiskWeigher",
  about: "Disk that is there and not promised: spreads servers.",
  defaultMultiplier: 1,
  multiplierKey: "disk_weight_multiplier",
  floor: 0,
  weigh: ({ inventory, used }) => freeOf(inventory?.["DISK_GB"], used["DISK_GB"]),
});
