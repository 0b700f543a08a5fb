// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { compact } from "../../lib/compact.ts";
import { defineFeature } from "../feature.ts";

/** The firmware that the image is made for. Source: nova-semantics 4.4. */
export const firmware = defineFeature({
  flavorKeys: {},
  imageKeys: { hw_firmware_type: z.enum(["bios", "uefi"]) },
  contribute: (_, { hw_firmware_type }) =>
    compact({
      firmware: hw_firmware_type,
      requiredTraits: hw_firmware_type === "uefi" ? ["COMPUTE_FIRMWARE_UEFI"] : undefined,
    }),
});
