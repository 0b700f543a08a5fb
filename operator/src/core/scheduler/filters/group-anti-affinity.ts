// SPDX-License-Identifier: Apache-2.0
import { defineServerFilter } from "../filter.ts";
import { domainOf } from "../group.ts";

export const groupAntiAffinity = defineServerFilter({
  name: "group-anti-affinity",
  source: "ServerGroupAntiAffinityFilter",
  about:
    "The host, or its zone, has room for another member of the group. Where the server is, it may stay.",
  differs: "zones as well as hosts.",
  testFor({ group, serverUid }) {
    if (group?.policy !== "anti-affinity") return undefined;
    return (host) => {
      if (host.servers?.has(serverUid)) return true;
      const domain = domainOf(host, group);
      if (domain === undefined) return "is in no zone to keep its group apart by";
      return (group.members.get(domain) ?? 0) < group.serversMax || "has members of its group";
    };
  },
});
