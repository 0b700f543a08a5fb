// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** One of the servers that the hint names is on the host. */
export const sameHost = defineFilter({
  name: "same-host",
  source: "SameHostFilter",
  passes: ({ servers }, { hints }) =>
    (hints?.sameHost ?? []).length === 0 ||
    hints?.sameHost?.some((uid) => servers?.has(uid)) ||
    "has none of the servers that it shall be with",
});
