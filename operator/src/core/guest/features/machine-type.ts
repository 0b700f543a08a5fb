// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { defineFeature } from "../feature.ts";

const isVersioned = (type: string): boolean => type !== "q35";

/**
 * The machine type. `q35` leaves the version to the host of the first boot, which freezes it.
 * Source: nova-semantics 4.4. Differs: only the q35 family is built.
 */
export const machineType = defineFeature({
  flavorKeys: {},
  imageKeys: {
    hw_machine_type: z
      .string()
      .max(64)
      .regex(/^(q35|pc-q35-[a-z0-9.-]+)$/, "is not q35 or one of its versions (pc-q35-…)"),
  },
  contribute: (_, { hw_machine_type: type }) =>
    type !== undefined && isVersioned(type) ? { machineType: type } : {},
});
