// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

export const buildFailures = defineWeigher({
  name: "build-failures",
  source: "BuildFailureWeigher",
  about: "Hosts where builds fail come last, whatever else speaks for them.",
  defaultMultiplier: 1_000_000,
  multiplierKey: "build_failure_weight_multiplier",
  isAdverse: true,
  weigh: ({ failedBuildCount = 0 }) => failedBuildCount,
});
