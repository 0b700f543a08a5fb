// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import type { HostState } from "../host-state.ts";

const nodeFaults: Readonly<Record<Exclude<HostState["node"], "Offered">, string>> = {
  Unlabelled: "is not labelled as a hypervisor any more",
  Cordoned: "is cordoned",
  Gone: "has no node any more",
};

export const compute = defineFilter({
  name: "compute",
  source: "ComputeFilter",
  about: "The host answers and takes new servers.",
  differs: "the Node's label and cordon count as well.",
  asks: () => "every server",
  testFor: () => isOpen,
});

function isOpen({ node, isDisabled, isUp, isIdentityKnown, inventory }: HostState): true | string {
  if (node !== "Offered") return nodeFaults[node];
  if (isDisabled) return "is disabled";
  if (!isUp) return "is down";
  if (!isIdentityKnown) return "waits for its changed identity to be acknowledged";
  return inventory !== undefined || "has not reported its inventory yet";
}
