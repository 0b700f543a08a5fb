// SPDX-License-Identifier: Apache-2.0
import { defineServerFilter } from "../filter.ts";

/** None of the servers that the hint names is on the host. */
export const differentHost = defineServerFilter({
  name: "different-host",
  source: "DifferentHostFilter",
  testFor({ hints: { differentHost: uids = [] } = {} }) {
    if (uids.length === 0) return undefined;
    return ({ servers }) =>
      !uids.some((uid) => servers?.has(uid)) || "has a server that it shall not be with";
  },
});
