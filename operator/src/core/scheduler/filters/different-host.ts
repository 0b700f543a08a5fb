// SPDX-License-Identifier: Apache-2.0
import { defineServerFilter } from "../filter.ts";

export const differentHost = defineServerFilter({
  name: "different-host",
  source: "DifferentHostFilter",
  about: "None of the servers that the hint names is on the host.",
  testFor({ hints: { differentHost: uids = [] } = {} }) {
    if (uids.length === 0) return undefined;
    return ({ servers }) =>
      !uids.some((uid) => servers?.has(uid)) || "has a server that it shall not be with";
  },
});
