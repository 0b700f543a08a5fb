// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import { candidateOn, isSpread, missingOn } from "../host-candidates.ts";

export const placementGroups = defineFilter({
  name: "placement-groups",
  source: "Placement's allocation candidates",
  about: "The host can give every group of resources, each from one place, all of them at once.",
  asks: ({ placement }) => placement,
  testFor: (placement) => (host) =>
    !isSpread(placement, host) ||
    candidateOn(host, placement) !== undefined ||
    missingOn(host, placement),
});
