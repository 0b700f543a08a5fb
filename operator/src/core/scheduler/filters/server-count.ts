// SPDX-License-Identifier: Apache-2.0
import { leastNumberOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

export const serverCount = defineFilter({
  name: "server-count",
  source: "NumInstancesFilter, AggregateNumInstancesFilter",
  about: "The host has not as many servers as it may have. An aggregate's own limit counts first.",
  differs: "no limit unless one is set; Nova has 50.",
  asks: (_, { serversPerHostMax }) => ({ serversPerHostMax }),
  testFor:
    ({ serversPerHostMax = Infinity }) =>
    (host) => {
      const max = leastNumberOf(host, "max_instances_per_host") ?? serversPerHostMax;
      return (host.serverCount ?? 0) < max || "has as many servers as it may have";
    },
});
