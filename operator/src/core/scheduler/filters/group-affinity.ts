// SPDX-License-Identifier: Apache-2.0
import { defineServerFilter } from "../filter.ts";
import { domainOf } from "../group.ts";

export const groupAffinity = defineServerFilter({
  name: "group-affinity",
  source: "ServerGroupAffinityFilter",
  about: "The host, or its zone, is where the members of the group are already.",
  differs: "zones as well as hosts.",
  testFor({ group }) {
    if (group?.policy !== "affinity") return undefined;
    const { members } = group;
    return (host) => {
      const domain = domainOf(host, group);
      if (domain === undefined) return "is in no zone to keep its group together in";
      return members.size === 0 || members.has(domain) || "is not where its group is";
    };
  },
});
