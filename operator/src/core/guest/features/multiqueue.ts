// SPDX-License-Identifier: Apache-2.0
import { openstackBool } from "../../lib/openstack-bool.ts";
import { compact } from "../../lib/compact.ts";
import { defineFeature } from "../feature.ts";

/** Network cards with a pair of queues for each vCPU. Source: nova-semantics 4.2, 4.4, 4.5. */
export const multiqueue = defineFeature({
  flavorKeys: { "hw:vif_multiqueue_enabled": openstackBool },
  imageKeys: { hw_vif_multiqueue_enabled: openstackBool },
  contribute: (flavor, image) =>
    compact({
      isMultiqueue: flavor["hw:vif_multiqueue_enabled"] ?? image.hw_vif_multiqueue_enabled,
    }),
});
