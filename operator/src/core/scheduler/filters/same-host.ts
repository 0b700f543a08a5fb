// SPDX-License-Identifier: Apache-2.0
import { defineServerFilter } from "../filter.ts";

/** One of the servers that the hint names is on the host. */
export const sameHost = defineServerFilter({
  name: "same-host",
  source: "SameHostFilter",
  testFor({ hints: { sameHost: uids = [] } = {} }) {
    if (uids.length === 0) return undefined;
    return ({ servers }) =>
      uids.some((uid) => servers?.has(uid)) || "has none of the servers that it shall be with";
  },
});
