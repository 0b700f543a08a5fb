// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { defineFeature } from "../feature.ts";

/** Properties that say what an image is. The guest is the same whatever they say. */
export const description = defineFeature({
  flavorKeys: {},
  imageKeys: {
    hw_architecture: z.enum(["x86_64"]),
    os_type: z.enum(["linux", "windows"]),
    os_distro: z.string(),
    os_version: z.string(),
    os_admin_user: z.string(),
  },
  contribute: () => ({}),
});
