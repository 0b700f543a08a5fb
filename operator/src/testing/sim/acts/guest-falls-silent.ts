// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

export const guestFallsSilent = defineAct({
  name: "guest-falls-silent",
  says: "a guest's service ends, or comes back",
  weight: 1,
  strike({ nodes }, chance) {
    const containers = nodes.flatMap((node) => [...node.containers.values()]);
    const network = chance.pick(containers)?.network;
    if (network !== undefined) network.isAnswering = !network.isAnswering;
  },
});
