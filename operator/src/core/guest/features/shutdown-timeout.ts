// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { compact } from "../../lib/compact.ts";
import { defineFeature } from "../feature.ts";

const seconds = z
  .string()
  .regex(/^\d{1,4}$/, "is not a whole number of seconds")
  .transform(Number)
  .pipe(z.int().max(3600, "is more than 3600 seconds"));

/** How long this image's guests may take to shut down. Source: nova-semantics 1.3, stop. */
export const shutdownTimeout = defineFeature({
  flavorKeys: {},
  imageKeys: { os_shutdown_timeout: seconds },
  contribute: (_, { os_shutdown_timeout }) =>
    compact({ shutdownTimeoutSeconds: os_shutdown_timeout }),
});
