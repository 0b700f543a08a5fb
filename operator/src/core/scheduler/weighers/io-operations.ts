// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

export const ioOperations = defineWeigher({
  name: "io-operations",
  source: "IoOpsWeigher",
  about: "Servers that are being built, moved, resized or snapshotted there: spreads the work.",
  defaultMultiplier: -1,
  multiplierKey: "io_ops_weight_multiplier",
  floor: 0,
  weigh: ({ ioOperationCount = 0 }) => ioOperationCount,
});
