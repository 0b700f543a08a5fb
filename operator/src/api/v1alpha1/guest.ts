// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { text } from "../bounded.ts";
import {
  conditionsSchema,
  defineKind,
  immutable,
  observedGeneration,
  timestamp,
} from "../define-kind.ts";
import { machineSchema, resourcesSchema, uuidSchema } from "./guest-model.ts";
import { httpSourceSchema, imageFormat } from "./image.ts";
import { connectedNetworksSchema, guestNetworksSchema } from "./network.ts";

/** What the domain is made of, with nothing left for the node to choose. */
export const domainModelSchema = z.strictObject({
  uuid: uuidSchema.describe("SMBIOS uuid and libvirt's uuid."),
  hostname: text(1, 253).describe("The guest's host name."),
  vcpus: z.int().min(1).max(512).describe("Virtual CPUs."),
  memoryMib: z.int().min(16).max(16_777_216).describe("Guest memory in MiB."),
  firmware: z.enum(["bios", "uefi"]).describe("Firmware that the guest boots by."),
  hasRng: z.boolean().describe("Whether the guest gets a virtio random number generator."),
  hasGuestAgent: z.boolean().describe("Whether the guest gets the QEMU guest agent's channel."),
  configDrive: z
    .enum(["iso9660", "vfat"])
    .optional()
    .describe("File system of the config drive; absent, the guest gets none."),
  networks: guestNetworksSchema
    .default([])
    .describe("Network cards, in the order in which the guest gets them."),
  networkQueues: z
    .int()
    .min(2)
    .max(256)
    .optional()
    .describe("Pairs of queues that each network card has; absent, one."),
  machine: machineSchema.describe("What was frozen at the first boot; absent members are chosen."),
});

export type DomainModel = z.output<typeof domainModelSchema>;

export const guestSpecSchema = z.strictObject({
  server: z
    .strictObject({
      name: text(1, 253).describe("Name of the Server."),
      uid: text(1, 64).describe("Uid of the Server: names the directory on the node."),
    })
    .describe("Whose incarnation this is."),
  host: text(1, 253).describe("The node that runs it."),
  token: z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe("Number of the incarnation."),
  runState: z
    .enum(["Running", "Stopped", "Absent"])
    .describe("What the node shall bring about. Absent gives the right to run back for good."),
  boot: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .describe(
      "Number of the power-on that is asked for. The node starts the domain once for each; a guest that stops by itself is started again only by a higher number.",
    ),
  disks: z
    .enum(["Keep", "Destroy"])
    .describe(
      "What becomes of the guest's directory when this Guest is deleted. Keep: of one that never ran it goes as well.",
    ),
  domain: domainModelSchema.describe("The resolved guest."),
  uid: z
    .int()
    .min(1)
    .max(2_147_483_647)
    .describe("User id of the pod and owner of the guest's directory."),
  image: z
    .strictObject({
      http: httpSourceSchema.describe("Where the base of the root disk comes from."),
      format: imageFormat,
    })
    .describe("The base of the root disk."),
  rootDiskGib: z
    .int()
    .min(0)
    .max(65_536)
    .describe("Size of the root disk in GiB; 0 takes the image's virtual size."),
  resources: resourcesSchema.describe("The claim: what the guest takes of its host."),
  group: z
    .strictObject({
      name: text(1, 253).describe("Name of the ServerGroup, in the Guest's namespace."),
      rule: z
        .strictObject({
          policy: z
            .enum(["affinity", "anti-affinity"])
            .describe("Whether members share a place or not."),
          topology: z.enum(["Host", "Zone"]).describe("Whether a place is a host or a zone."),
          place: text(1, 253).describe("The place that the host is, or is in."),
          serversMax: z
            .int()
            .min(1)
            .max(1000)
            .optional()
            .describe("How many members may share a place under anti-affinity."),
        })
        .optional()
        .describe("What has to hold; absent when the policy only prefers."),
    })
    .optional()
    .describe("The server group, whose rule the node checks again when it answers the claim."),
  shutdown: z
    .strictObject({
      timeoutSeconds: z
        .int()
        .min(0)
        .max(3600)
        .describe("How long the guest may take to shut down before it is powered off."),
      retryIntervalSeconds: z
        .int()
        .min(1)
        .max(600)
        .describe("How often the request to shut down is repeated."),
    })
    .describe("How the guest is stopped. Source: nova-semantics 1.3, stop."),
});

export type GuestSpec = z.output<typeof guestSpecSchema>;

/** What libvirt and the node say of the domain. `Off` is written only when libvirt said so. */
export const domainStates = ["Off", "Starting", "Running", "Paused", "Stopping"] as const;
export type DomainState = (typeof domainStates)[number];

export const guestStatusSchema = z.strictObject({
  observedGeneration: observedGeneration.optional(),
  claim: z
    .strictObject({
      state: z.enum(["Accepted", "Refused"]).describe("The host's answer to the claim."),
      reason: text(0, 64).optional().describe("Why it was refused, one CamelCase word."),
      message: text(0, 1024).optional().describe("Why it was refused, as a sentence."),
    })
    .optional()
    .describe("The claim, answered once."),
  step: z
    .enum(["FetchingImage", "PreparingDisk", "WaitingForPod", "Starting", "ShuttingDown"])
    .optional()
    .describe("What the node is doing now."),
  domain: z.enum(domainStates).optional().describe("The domain's state."),
  boot: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe("Number of the power-on that domain speaks of."),
  stoppedBy: z
    .enum(["User", "Guest", "Crash", "Host", "Pod"])
    .optional()
    .describe("Why the domain is off, after it was on."),
  isReleased: z
    .boolean()
    .optional()
    .describe("The token is in the node's durable released file: it never runs here again."),
  startedTime: timestamp.optional().describe("When this boot's domain began to run."),
  bootId: text(0, 64).optional().describe("The node's boot id when the domain was started."),
  machine: machineSchema.optional().describe("What the domain got; kept from the first boot on."),
  networks: connectedNetworksSchema
    .optional()
    .describe("The guest's cards, as they are connected."),
  imageDigest: text(0, 71).optional().describe("Digest of the base of the root disk."),
  error: z
    .strictObject({
      reason: text(0, 64).describe("One CamelCase word."),
      message: text(0, 1024).describe("What went wrong, and the cure."),
      time: timestamp.describe("When it was first seen."),
    })
    .optional()
    .describe("What keeps the node from reaching the spec; absent when nothing does."),
  conditions: conditionsSchema.optional(),
});

export type GuestStatus = z.output<typeof guestStatusSchema>;

export const guest = defineKind({
  kind: "Guest",
  plural: "guests",
  shortNames: [],
  scope: "Namespaced",
  description:
    "Internal: one incarnation of a Server on one hypervisor. The operator writes its spec, the agent of its host writes its status; users only read it.",
  spec: guestSpecSchema,
  status: guestStatusSchema,
  rules: [
    immutable("server", "a Guest belongs to one Server for good"),
    immutable("host", "a Guest belongs to one host for good"),
    immutable("token", "an incarnation has one token"),
    {
      cel: "oldSelf.runState != 'Absent' || self.runState == 'Absent'",
      message: "runState: Absent is final; the operator makes a new Guest instead",
      holds: (self, old) => old.runState !== "Absent" || self.runState === "Absent",
    },
  ],
  columns: [
    { name: "SERVER", type: "string", jsonPath: ".spec.server.name", description: "Its Server." },
    { name: "HOST", type: "string", jsonPath: ".spec.host", description: "Its node." },
    { name: "RUN", type: "string", jsonPath: ".spec.runState", description: "What is asked for." },
    { name: "DOMAIN", type: "string", jsonPath: ".status.domain", description: "What is so." },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Age." },
  ],
  selectableFields: [".spec.host", ".spec.group.name"],
  isInternal: true,
});
