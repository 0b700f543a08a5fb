// SPDX-License-Identifier: Apache-2.0
import { defineServerFilter } from "../filter.ts";

export const retry = defineServerFilter({
  name: "retry",
  source: "alternates of select_destinations",
  about: "The host has not refused this server.",
  differs: "Nova walks a list of alternates instead.",
  testFor({ refusedHosts }) {
    if (refusedHosts.length === 0) return undefined;
    return ({ name }) => !refusedHosts.includes(name) || "refused the claim";
  },
});
