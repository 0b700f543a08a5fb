// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

export const guestAsksAnew = defineAct({
  name: "guest-asks-anew",
  says: "a guest renews its leases, while the node's agent may be down",
  weight: 1,
  strike({ nodes }, chance) {
    const node = chance.pick(nodes);
    for (const { network } of node?.containers.values() ?? []) network.ask();
  },
});
