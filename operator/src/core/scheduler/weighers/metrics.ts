// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

/** Worse than any metric: the value of a host that does not report one. */
const unavailable = -10_000;

/** What the host measures of itself, times the ratios of the settings. */
export const metrics = defineWeigher({
  name: "metrics",
  source: "MetricsWeigher",
  defaultMultiplier: 1,
  multiplierKey: "metrics_weight_multiplier",
  weigh({ metrics: measured = {} }, _, { metrics: settings }) {
    let sum = 0;
    for (const [name, ratio] of Object.entries(settings?.ratios ?? {})) {
      const value = measured[name];
      if (value === undefined) return unavailable;
      sum += value * ratio;
    }
    return sum;
  },
});
