// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** The host reports every metric that is required of it. */
export const metrics = defineFilter({
  name: "metrics",
  source: "MetricsFilter",
  passes(host, _, { metrics: settings }) {
    if (settings?.isRequired !== true) return true;
    const missing = Object.keys(settings.ratios).find((name) => host.metrics?.[name] === undefined);
    return missing === undefined || `does not report ${missing}`;
  },
});
