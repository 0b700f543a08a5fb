// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import { isInNetwork } from "../ip-network.ts";

export const hostNetwork = defineFilter({
  name: "host-network",
  source: "SimpleCIDRAffinityFilter",
  about: "The host's address is in the network that the hint names.",
  differs: "one hint with address and mask.",
  asks: ({ hints }) => hints?.hostNetwork,
  testFor(network) {
    const cause = `is not in network ${network}`;
    return ({ address }) => (address !== undefined && isInNetwork(address, network)) || cause;
  },
});
