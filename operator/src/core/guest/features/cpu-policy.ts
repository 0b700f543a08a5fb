// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { defineFeature } from "../feature.ts";

const shared = z.enum(["shared"], "is known but not acted on yet: guests share the host's CPUs");

/**
 * Whether guest CPUs float over the host's shared ones or have host CPUs of their own.
 * Source: nova-semantics 4.3. Differs: only shared ones are offered.
 */
export const cpuPolicy = defineFeature({
  flavorKeys: { "hw:cpu_policy": shared },
  imageKeys: { hw_cpu_policy: shared },
  contribute: () => ({}),
});
