// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { openstackBool } from "../../lib/openstack-bool.ts";
import { compact } from "../../lib/compact.ts";
import { defineFeature } from "../feature.ts";

/** The virtio random number generator: there unless the flavor says no. Source: nova-semantics 4.3. */
export const rng = defineFeature({
  flavorKeys: { "hw_rng:allowed": openstackBool },
  imageKeys: { hw_rng_model: z.enum(["virtio"]) },
  contribute: (flavor) => compact({ hasRng: flavor["hw_rng:allowed"] }),
});
