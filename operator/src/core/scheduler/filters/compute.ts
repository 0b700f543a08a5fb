// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import type { HostState } from "../host-state.ts";

const nodeFaults: Readonly<Record<Exclude<HostState["node"], "Offered">, string>> = {
  Unlabelled: "is not labelled as a hypervisor any more",
  Cordoned: "is cordoned",
  Gone: "has no node any more",
};

/** The host answers and takes new servers. Differs: the Node's label and cordon count as well. */
export const compute = defineFilter({
  name: "compute",
  source: "ComputeFilter",
  passes(host) {
    if (host.node !== "Offered") return nodeFaults[host.node];
    if (host.isDisabled) return "is disabled";
    if (!host.isUp) return "is down";
    if (!host.isIdentityKnown) return "waits for its changed identity to be acknowledged";
    return host.inventory === undefined ? "has not reported its inventory yet" : true;
  },
});
