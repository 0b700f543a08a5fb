// SPDX-License-Identifier: Apache-2.0
import { leastNumberOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

export const ioOperations = defineFilter({
  name: "io-operations",
  source: "IoOpsFilter, AggregateIoOpsFilter",
  about:
    "The host is not busy with too many servers already. An aggregate's own limit counts first.",
  differs: "no limit unless one is set; Nova has 8.",
  asks: (_, { ioOperationsPerHostMax }) => ({ ioOperationsPerHostMax }),
  testFor:
    ({ ioOperationsPerHostMax = Infinity }) =>
    (host) => {
      const max = leastNumberOf(host, "max_io_ops_per_host") ?? ioOperationsPerHostMax;
      return (host.ioOperationCount ?? 0) < max || "is busy with other servers";
    },
});
