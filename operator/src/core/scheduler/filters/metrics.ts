// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** The host reports every metric that is required of it. */
export const metrics = defineFilter({
  name: "metrics",
  source: "MetricsFilter",
  testFor(_, { metrics: settings }) {
    if (settings?.isRequired !== true) return undefined;
    const names = Object.keys(settings.ratios);
    return (host) => {
      const missing = names.find((name) => host.metrics?.[name] === undefined);
      return missing === undefined || `does not report ${missing}`;
    };
  },
});
