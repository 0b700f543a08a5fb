// SPDX-License-Identifier: Apache-2.0
import { ec2Entries } from "./ec2.ts";
import type { Facts } from "./facts.ts";
import { type Devices, openstackEntries } from "./openstack.ts";
import type { Entry } from "./recipe.ts";

/** All that a guest is told of itself, on its config drive and in its metadata service. */
export function metadataOf(facts: Facts, devices: Devices): readonly Entry[] {
  return [...ec2Entries(facts), ...openstackEntries(facts, devices)];
}
