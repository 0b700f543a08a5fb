// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { mapOf, setOf, text, wholeMapOf } from "../bounded.ts";
import { conditionsSchema, defineKind, observedGeneration } from "../define-kind.ts";
import { traitName } from "../scheduling-names.ts";
import { uuidSchema } from "./guest-model.ts";

const ratio = z.number().min(0.1).max(1000);
const mib = z.int().min(0).max(2_147_483_647);

const amount = z.int().min(0).max(2_147_483_647);
const unit = z.int().min(1).max(2_147_483_647);

/** Placement's fields of one resource class. Source: nova-semantics 5.1, 6.6. */
const customInventorySchema = z.strictObject({
  total: unit.describe("What there is."),
  reserved: amount.default(0).describe("What is never promised."),
  allocationRatio: ratio.default(1).describe("Promised per unit that there is."),
  minUnit: unit.default(1).describe("Smallest amount of one claim."),
  maxUnit: unit.optional().describe("Largest amount of one claim; all there is when absent."),
  stepSize: unit.default(1).describe("Claims are multiples of it."),
});

/** Classes that the host reports by itself. */
export const reportedClasses = ["VCPU", "MEMORY_MB", "DISK_GB"] as const;

export const hypervisorSpecSchema = z.strictObject({
  isDisabled: z
    .boolean()
    .default(false)
    .describe("No new server is scheduled here; those that run keep running."),
  disabledReason: text(0, 255).optional().describe("Why, for people."),
  acknowledgedUuid: uuidSchema
    .optional()
    .describe("Accepts this hypervisor uuid after IdentityKnown turned False."),
  allocationRatios: z
    .strictObject({
      VCPU: ratio.optional().describe("Virtual CPUs promised per host CPU. Default 4."),
      MEMORY_MB: ratio.optional().describe("Memory promised per memory present. Default 1."),
      DISK_GB: ratio.optional().describe("Disk promised per disk present. Default 1."),
    })
    .optional()
    .describe("How much more than the inventory may be promised."),
  reserved: z
    .strictObject({
      VCPU: z.int().min(0).max(65_536).optional().describe("Host CPUs kept for the host."),
      MEMORY_MB: mib.optional().describe("MiB kept for the host."),
      DISK_GB: z.int().min(0).max(2_147_483_647).optional().describe("GiB kept for the host."),
    })
    .optional()
    .describe("What is never promised."),
  provider: z
    .strictObject({
      inventories: mapOf(text(1, 255), customInventorySchema, 32)
        .optional()
        .describe("Resources by class, for example CUSTOM_LICENSE. What is removed here vanishes."),
      traits: setOf(traitName, 128)
        .optional()
        .describe("Traits beside those that the host finds. What is removed here vanishes."),
    })
    .optional()
    .describe("What the host offers that nobody can find out by looking. As Nova's provider.yaml."),
  virtType: z
    .enum(["auto", "kvm", "qemu"])
    .default("auto")
    .describe("auto takes kvm where a probe guest runs under it, else qemu (TCG)."),
});

export type HypervisorSpec = z.output<typeof hypervisorSpecSchema>;

/** One resource class of a host, with Placement's fields. Source: nova-semantics 5.1. */
export const inventorySchema = z.strictObject({
  total: z.int().min(0).max(2_147_483_647).describe("What there is."),
  reserved: z.int().min(0).max(2_147_483_647).describe("What is never promised."),
  allocationRatio: z.number().min(0).max(1000).describe("Promised per unit that there is."),
  minUnit: z.int().min(1).max(2_147_483_647).describe("Smallest amount of one claim."),
  maxUnit: z.int().min(1).max(2_147_483_647).describe("Largest amount of one claim."),
  stepSize: z.int().min(1).max(2_147_483_647).describe("Claims are multiples of it."),
});

export type Inventory = z.output<typeof inventorySchema>;

export const hypervisorStatusSchema = z.strictObject({
  observedGeneration: observedGeneration.optional(),
  state: z.enum(["up", "down"]).optional().describe("Whether the agent's heartbeat is fresh."),
  uuid: uuidSchema.optional().describe("The hypervisor's identity, kept on the node's disk."),
  nodeUid: text(0, 64).optional().describe("Uid of the Node object that was reported from."),
  identity: z
    .strictObject({
      uuid: uuidSchema.describe("The hypervisor uuid that was first seen or acknowledged."),
      nodeUid: text(0, 64).describe("The uid of the Node object that came with it."),
    })
    .optional()
    .describe("Who this hypervisor is, as the operator knows it; uuid and nodeUid must agree."),
  bootId: text(0, 64).optional().describe("The node's boot id."),
  versions: z
    .strictObject({
      agent: text(0, 64).describe("Version of the product."),
      libvirt: text(0, 64).describe("Version of libvirt in the guest image."),
      qemu: text(0, 64).describe("Version of QEMU in the guest image."),
      kernel: text(0, 255).describe("The node's kernel."),
      guestImage: text(0, 255).describe("The guest image that new boots use."),
    })
    .optional()
    .describe("What runs there."),
  virtType: z.enum(["kvm", "qemu"]).optional().describe("The virtualization type that was proven."),
  cpu: z
    .strictObject({
      arch: text(0, 32).describe("Architecture."),
      model: text(0, 128).describe("Model as the host names it."),
      vendor: text(0, 64).describe("Vendor as the host names it."),
      cpus: z.int().min(1).max(65_536).describe("Logical CPUs that are online."),
    })
    .optional()
    .describe("The host's CPU."),
  numaCells: z
    .array(
      z.strictObject({
        id: z.int().min(0).max(65_535).describe("Number of the cell."),
        cpus: text(0, 1024).describe("Its CPUs as a list, for example 0-3,8."),
        memoryMib: mib.describe("Its memory in MiB."),
      }),
    )
    .max(64)
    .optional()
    .describe("The host's NUMA cells."),
  memoryMib: mib.optional().describe("Memory of the host in MiB."),
  diskGib: mib.optional().describe("Size of the guests' file system in GiB."),
  inventory: wholeMapOf(text(1, 255), inventorySchema, 64)
    .optional()
    .describe("What the host offers, by resource class."),
  traits: setOf(text(1, 255), 512)
    .optional()
    .describe("What the host is capable of, by standard names."),
  usage: z
    .strictObject({
      servers: z.int().min(0).max(1_000_000).describe("Guests that hold a claim here."),
      vcpus: text(0, 32).describe("VCPU as used/capacity."),
      memory: text(0, 32).describe("MEMORY_MB as used/capacity."),
      disk: text(0, 32).describe("DISK_GB as used/capacity."),
    })
    .optional()
    .describe("What is promised, as the operator counts it."),
  orphans: z
    .array(
      z.strictObject({
        serverUid: text(0, 64).describe("The directory's server uid."),
        token: z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe("The incarnation."),
        since: text(0, 64).describe("When it was found without an object."),
      }),
    )
    .max(64)
    .optional()
    .describe("Guest directories without an object; nothing is removed before seven days."),
  conditions: conditionsSchema.optional(),
});

export type HypervisorStatus = z.output<typeof hypervisorStatusSchema>;

export const hypervisor = defineKind({
  kind: "Hypervisor",
  plural: "hypervisors",
  shortNames: ["hv"],
  scope: "Cluster",
  description:
    "A node that runs servers: its inventory, its traits and whether it is up. Made by the operator for each node labelled kilonova.io/hypervisor=true.",
  spec: hypervisorSpecSchema,
  status: hypervisorStatusSchema,
  rules: [
    {
      cel:
        "!has(self.provider) || !has(self.provider.inventories) || " +
        "self.provider.inventories.all(name, name.matches('^[A-Z][A-Z0-9_]*$'))",
      message: "provider.inventories: write classes in capitals, digits and _, as CUSTOM_LICENSE",
      holds: ({ provider }) =>
        Object.keys(provider?.inventories ?? {}).every((name) => /^[A-Z][A-Z0-9_]*$/.test(name)),
    },
    {
      cel:
        "!has(self.provider) || !has(self.provider.inventories) || " +
        `self.provider.inventories.all(name, !(name in ${JSON.stringify([...reportedClasses, "PCPU"]).replaceAll('"', "'")}))`,
      message:
        "provider.inventories: the host itself reports VCPU, MEMORY_MB, DISK_GB and PCPU; see allocationRatios and reserved",
      holds: ({ provider }) =>
        [...reportedClasses, "PCPU"].every((name) => provider?.inventories?.[name] === undefined),
    },
  ],
  columns: [
    { name: "STATE", type: "string", jsonPath: ".status.state", description: "up or down." },
    {
      name: "DISABLED",
      type: "string",
      jsonPath: ".spec.isDisabled",
      description: "Whether new servers are kept away.",
    },
    { name: "VIRT", type: "string", jsonPath: ".status.virtType", description: "kvm or qemu." },
    {
      name: "VCPUS",
      type: "string",
      jsonPath: ".status.usage.vcpus",
      description: "Used/capacity.",
    },
    {
      name: "MEMORY",
      type: "string",
      jsonPath: ".status.usage.memory",
      description: "Used/capacity.",
    },
    { name: "DISK", type: "string", jsonPath: ".status.usage.disk", description: "Used/capacity." },
    {
      name: "SERVERS",
      type: "integer",
      jsonPath: ".status.usage.servers",
      description: "Guests that hold a claim.",
    },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Age." },
  ],
  selectableFields: [],
});
