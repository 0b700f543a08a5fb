// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** The host reports every metric that is required of it. */
export const metrics = defineFilter({
  name: "metrics",
  source: "MetricsFilter",
  asks: (_, { metrics: settings }) =>
    settings?.isRequired === true ? Object.keys(settings.ratios) : undefined,
  testFor: (names) => (host) => {
    const missing = names.find((name) => host.metrics?.[name] === undefined);
    return missing === undefined || `does not report ${missing}`;
  },
});
