// SPDX-License-Identifier: Apache-2.0
import { defineServerFilter } from "../filter.ts";

export const sameHost = defineServerFilter({
  name: "same-host",
  source: "SameHostFilter",
  about: "One of the servers that the hint names is on the host.",
  testFor({ hints: { sameHost: uids = [] } = {} }) {
    if (uids.length === 0) return undefined;
    return ({ servers }) =>
      uids.some((uid) => servers?.has(uid)) || "has none of the servers that it shall be with";
  },
});
