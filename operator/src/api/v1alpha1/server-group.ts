// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { setOf, text, wholeMapOf } from "../bounded.ts";
import { conditionsSchema, defineKind, immutable, observedGeneration } from "../define-kind.ts";

export const groupPolicies = [
  "affinity",
  "anti-affinity",
  "soft-affinity",
  "soft-anti-affinity",
] as const;

export const serverGroupSpecSchema = z.strictObject({
  policy: z
    .enum(groupPolicies)
    .describe(
      "Whether members share a host or not. A soft policy decides only between hosts that fit.",
    ),
  topology: z
    .enum(["Host", "Zone"])
    .default("Host")
    .describe("What they share or do not share: hosts, or the availability zones of the hosts."),
  maxServersPerHost: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe("Members that may share a host (a zone, with topology Zone). Default 1."),
});

export type ServerGroupSpec = z.output<typeof serverGroupSpecSchema>;

const count = z.int().min(0).max(1_000_000);
const name = text(0, 253);

export const serverGroupStatusSchema = z.strictObject({
  observedGeneration: observedGeneration.optional(),
  memberCount: count.optional().describe("Servers that name the group."),
  members: setOf(name, 64).optional().describe("The first of them, by name."),
  spread: wholeMapOf(name, count, 64)
    .optional()
    .describe("Members by the host or zone that they are on; those without a host are left out."),
  violations: z
    .array(
      z.strictObject({
        place: name.optional().describe("The host or zone; absent when all of them are meant."),
        message: text(0, 512).describe("What the policy forbids and is so, and the cure."),
        servers: setOf(name, 16).describe("The first of the members that are meant."),
      }),
    )
    .max(16)
    .optional()
    .describe("Where members stand against the policy; nothing is moved by itself."),
  conditions: conditionsSchema.optional(),
});

export type ServerGroupStatus = z.output<typeof serverGroupStatusSchema>;

const makeAnother = "create another ServerGroup, and Servers that name it";

export const serverGroup = defineKind({
  kind: "ServerGroup",
  plural: "servergroups",
  shortNames: ["sg"],
  scope: "Namespaced",
  description:
    "Servers that shall share a host or zone, or shall not. A Server names its group; membership lasts as long as the Server.",
  spec: serverGroupSpecSchema,
  status: serverGroupStatusSchema,
  rules: [
    {
      cel: "!has(self.maxServersPerHost) || self.policy == 'anti-affinity'",
      message: "maxServersPerHost: only policy anti-affinity has a limit, leave it out",
      holds: (self) => self.maxServersPerHost === undefined || self.policy === "anti-affinity",
    },
    immutable("policy", makeAnother),
    immutable("topology", makeAnother),
    immutable("maxServersPerHost", makeAnother),
  ],
  columns: [
    { name: "POLICY", type: "string", jsonPath: ".spec.policy", description: "Policy." },
    { name: "TOPOLOGY", type: "string", jsonPath: ".spec.topology", description: "Over what." },
    {
      name: "MEMBERS",
      type: "integer",
      jsonPath: ".status.memberCount",
      description: "Servers that name it.",
    },
    {
      name: "SATISFIED",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Satisfied")].status',
      description: "Whether its members stand as its policy asks.",
    },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Age." },
  ],
  selectableFields: [],
});
