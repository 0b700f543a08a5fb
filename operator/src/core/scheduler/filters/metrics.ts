// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

export const metrics = defineFilter({
  name: "metrics",
  source: "MetricsFilter",
  about: "The host reports every metric that is required of it.",
  asks: (_, { metrics: settings }) =>
    settings?.isRequired === true ? Object.keys(settings.ratios) : undefined,
  testFor: (names) => (host) => {
    const missing = names.find((name) => host.metrics?.[name] === undefined);
    return missing === undefined || `does not report ${missing}`;
  },
});
