// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

/** Worse than any metric: the value of a host that does not report one. */
const unavailable = -10_000;

export const metrics = defineWeigher({
  name: "metrics",
  source: "MetricsWeigher",
  about: "What the host measures of itself, times the ratios of the settings.",
  defaultMultiplier: 1,
  multiplierKey: "metrics_weight_multiplier",
  measureFor(_, { metrics: { ratios = {} } = {} }) {
    const terms = Object.entries(ratios);
    if (terms.length === 0) return undefined;
    return ({ metrics: measured = {} }) => {
      let sum = 0;
      for (const [name, ratio] of terms) {
        const value = measured[name];
        if (value === undefined) return unavailable;
        sum += value * ratio;
      }
      return sum;
    };
  },
});
