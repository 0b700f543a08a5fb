// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { weighers } from "./weighers/index.ts";

const limit = z.int().min(1).max(1_000_000);
const factor = z.number().min(-1e9).max(1e9);

const multipliers = Object.fromEntries(
  weighers.map(({ name, source, defaultMultiplier, multiplierKey }) => {
    const origin = source === "none" ? "" : ` Nova's ${source}.`;
    const overrule = `An aggregate overrules it by its metadata ${multiplierKey}.`;
    const described = `Default ${defaultMultiplier}.${origin} ${overrule}`;
    return [name, factor.optional().describe(described)] as const;
  }),
);

/** What the administrator may say of how hosts are chosen. Refuses what it does not know. */
export const schedulerSettingsSchema = z.strictObject({
  hostSubsetSize: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe("Servers are spread over so many of the best hosts. Default 1."),
  multipliers: z
    .strictObject(multipliers)
    .optional()
    .describe("How much each weigher counts; below 0 it prefers the opposite."),
  serversPerHostMax: limit
    .optional()
    .describe("Servers on one host; an aggregate overrules it by max_instances_per_host."),
  ioOperationsPerHostMax: limit
    .optional()
    .describe("Servers that a host builds at a time; an aggregate: max_io_ops_per_host."),
  matchesUnscopedExtraSpecs: z
    .boolean()
    .optional()
    .describe(
      "Match extra specs without a namespace with aggregates and capabilities. Default false.",
    ),
  defaultArchitecture: z
    .string()
    .min(1)
    .max(32)
    .optional()
    .describe("Architecture of images that name none."),
  isolation: z
    .strictObject({
      hosts: z.array(z.string().min(1).max(253)).max(1024).describe("Names of the hosts."),
      images: z.array(z.string().min(1).max(64)).max(1024).describe("Uids of the Images."),
      isStrict: z.boolean().describe("Whether these hosts take no other images."),
    })
    .optional()
    .describe("Hosts that are kept for some images."),
  imagePropertyPrefix: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("Only metadata of aggregates that begins with it limits image properties."),
  imagePropertyRatios: z
    .record(z.string().max(255), factor)
    .optional()
    .describe("What equal image properties are worth, by property. Default 1 each."),
});
