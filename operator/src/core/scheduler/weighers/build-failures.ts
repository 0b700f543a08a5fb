// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

/** Hosts where builds fail come last, whatever else speaks for them. */
export const buildFailures = defineWeigher({
  name: "build-failures",
  source: "BuildFailureWeigher",
  defaultMultiplier: 1_000_000,
  multiplierKey: "build_failure_weight_multiplier",
  isAdverse: true,
  weigh: ({ failedBuildCount = 0 }) => failedBuildCount,
});
