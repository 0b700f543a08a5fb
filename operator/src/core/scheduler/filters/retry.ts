// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** The host has not refused this server. Differs: Nova walks a list of alternates instead. */
export const retry = defineFilter({
  name: "retry",
  source: "alternates of select_destinations",
  passes: (host, request) => !request.refusedHosts.includes(host.name) || "refused the claim",
});
