// SPDX-License-Identifier: Apache-2.0
import { openstackBool } from "../../lib/openstack-bool.ts";
import { compact } from "../../lib/compact.ts";
import { defineFeature } from "../feature.ts";

/** The image has a QEMU guest agent that wants its channel. Source: nova-semantics 4.4. */
export const guestAgent = defineFeature({
  flavorKeys: {},
  imageKeys: { hw_qemu_guest_agent: openstackBool },
  contribute: (_, { hw_qemu_guest_agent }) => compact({ hasGuestAgent: hw_qemu_guest_agent }),
});
