// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { mapOf, text } from "../bounded.ts";
import { defineKind, immutable, observedGeneration } from "../define-kind.ts";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export const sha256Schema = text(1, 128).regex(
  /^sha256:[0-9a-f]{64}$/,
  "write sha256: and the 64 digits in lower case that sha256sum prints",
);

/** Image properties by Glance's names; the features that act on them know their types. */
export const imagePropertiesSchema = mapOf(text(1, 255), text(0, 255), 128).describe(
  "Properties of guests made from the image, by Nova's names (hw_firmware_type, …).",
);

export const imageFormat = z
  .enum(["qcow2", "raw"])
  .describe("Format of the bytes at the source. A qcow2 file must not name a backing file.");

export const httpSourceSchema = z.strictObject({
  url: text(8, 2048)
    .regex(
      /^https?:\/\/[A-Za-z0-9._:[\]-]+([/?][!-~]*)?$/,
      "write an http:// or https:// URL, without user and password and without spaces",
    )
    .describe("An http or https URL without credentials."),
  checksum: sha256Schema.describe(
    "The sha256 of the file as it is served. The cache on every node is keyed by it.",
  ),
});

export const imageSpecSchema = z.strictObject({
  source: z
    .strictObject({ http: httpSourceSchema.optional().describe("A file on a web server.") })
    .describe("Where the bytes come from: exactly one member."),
  format: imageFormat.default("qcow2"),
  minDiskGib: z.int().min(0).max(65_536).default(0).describe("Smallest root disk in GiB."),
  minMemoryMib: z.int().min(0).max(16_777_216).default(0).describe("Smallest memory in MiB."),
  properties: imagePropertiesSchema.optional(),
});

export type ImageSpec = z.output<typeof imageSpecSchema>;

const makeAnother = "create an Image of another name";

export const image = defineKind({
  kind: "Image",
  plural: "images",
  shortNames: ["img"],
  scope: "Namespaced",
  description:
    "Where a server's root disk comes from, with its checksum and its properties. Each node fetches it once and keeps it by digest.",
  spec: imageSpecSchema,
  status: z.strictObject({ observedGeneration: observedGeneration.optional() }),
  rules: [
    {
      cel: "has(self.source.http)",
      message: "source: name one source, for example source.http with url and checksum",
      holds: (self) => self.source.http !== undefined,
    },
    immutable("source", makeAnother),
    immutable("format", makeAnother),
    immutable("properties", makeAnother),
  ],
  columns: [
    { name: "FORMAT", type: "string", jsonPath: ".spec.format", description: "Disk format." },
    {
      name: "URL",
      type: "string",
      jsonPath: ".spec.source.http.url",
      description: "Source.",
      priority: 1,
    },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Age." },
  ],
  selectableFields: [],
});
