// SPDX-License-Identifier: Apache-2.0
import { describeShortage, fits, shortagesOf } from "../../placement/capacity.ts";
import { defineFilter } from "../filter.ts";

export const capacity = defineFilter({
  name: "capacity",
  source: "Placement's allocation candidates",
  about: "The host has room beside what it promised.",
  differs: "in Nova, Placement answers this before.",
  asks({ resources, placement }) {
    const whole = placement?.groups.find(({ usesSameProvider }) => !usesSameProvider);
    return whole?.resources ?? resources;
  },
  testFor:
    (asked) =>
    ({ inventory = {}, used, providers = [] }) => {
      // What a device gives, its host does not: the groups decide.
      if (providers.length > 0 || fits(inventory, used, asked)) return true;
      const [shortage] = shortagesOf(inventory, used, asked);
      return shortage === undefined ? true : describeShortage(shortage);
    },
});
