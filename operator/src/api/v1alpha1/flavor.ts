// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { mapOf, setOf, text, wholeMapOf } from "../bounded.ts";
import { conditionsSchema, defineKind, immutable, observedGeneration } from "../define-kind.ts";

/** Extra specs as Nova bounds them: keys and values of at most 255 characters. */
export const extraSpecsSchema = mapOf(text(1, 255), text(0, 255), 128).describe(
  "Hardware and scheduling properties beyond the size, by Nova's names (hw:…, quota:…, trait:…).",
);

/** The part of a flavor that a server is built from and keeps a copy of. Sizes as in Nova. */
export const flavorShape = {
  vcpus: z.int().min(1).max(512).describe("Virtual CPUs."),
  memoryMib: z.int().min(16).max(16_777_216).describe("Guest memory in MiB."),
  rootDiskGib: z
    .int()
    .min(0)
    .max(65_536)
    .default(0)
    .describe("Root disk in GiB; 0 takes the virtual size of the image."),
};

export const flavorSpecSchema = z.strictObject({
  ...flavorShape,
  description: text(0, 1024).optional().describe("For people."),
  isDisabled: z
    .boolean()
    .default(false)
    .describe("New servers are refused; those that run keep running."),
  access: z
    .strictObject({
      namespaces: setOf(text(1, 63), 256).describe("Namespaces that may use the flavor."),
    })
    .optional()
    .describe("Who may use the flavor; absent means everybody."),
  extraSpecs: extraSpecsSchema.optional(),
});

export type FlavorSpec = z.output<typeof flavorSpecSchema>;

const count = z.int().min(0).max(1_000_000);

export const flavorStatusSchema = z.strictObject({
  observedGeneration: observedGeneration.optional(),
  candidates: count.optional().describe("How many hypervisors could take such a server now."),
  excluded: wholeMapOf(text(0, 128), count, 32)
    .optional()
    .describe("How many hypervisors each cause excludes."),
  conditions: conditionsSchema.optional(),
});

export type FlavorStatus = z.output<typeof flavorStatusSchema>;

const makeAnother = "create a Flavor of another name and point servers at it";

export const flavor = defineKind({
  kind: "Flavor",
  plural: "flavors",
  shortNames: ["flv"],
  scope: "Cluster",
  description:
    "A size for servers: virtual CPUs, memory, disk and hardware properties. Only the description, the access list and isDisabled may change; a server keeps the copy that it was built from.",
  spec: flavorSpecSchema,
  status: flavorStatusSchema,
  rules: [
    immutable("vcpus", makeAnother),
    immutable("memoryMib", makeAnother),
    immutable("rootDiskGib", makeAnother),
    immutable("extraSpecs", makeAnother),
  ],
  columns: [
    { name: "VCPUS", type: "integer", jsonPath: ".spec.vcpus", description: "Virtual CPUs." },
    { name: "MEMORY", type: "integer", jsonPath: ".spec.memoryMib", description: "Memory in MiB." },
    {
      name: "DISK",
      type: "integer",
      jsonPath: ".spec.rootDiskGib",
      description: "Root disk in GiB.",
    },
    {
      name: "DISABLED",
      type: "string",
      jsonPath: ".spec.isDisabled",
      description: "Whether new servers are refused.",
      priority: 1,
    },
    {
      name: "CANDIDATES",
      type: "integer",
      jsonPath: ".status.candidates",
      description: "Hypervisors that could take such a server now.",
      priority: 1,
    },
    {
      name: "EXTRA SPECS",
      type: "string",
      jsonPath: ".spec.extraSpecs",
      description: "What else it asks for.",
      priority: 1,
    },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Age." },
  ],
  selectableFields: [],
});
