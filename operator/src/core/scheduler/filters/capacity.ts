// SPDX-License-Identifier: Apache-2.0
import { describeShortage, fits, shortagesOf } from "../../placement/capacity.ts";
import { defineFilter } from "../filter.ts";

/** The host has room beside what it promised. Differs: in Nova, Placement answers this before. */
export const capacity = defineFilter({
  name: "capacity",
  source: "Placement's allocation candidates",
  testFor:
    ({ resources }) =>
    ({ inventory = {}, used }) => {
      if (fits(inventory, used, resources)) return true;
      const [shortage] = shortagesOf(inventory, used, resources);
      return shortage === undefined ? true : describeShortage(shortage);
    },
});
