// SPDX-License-Identifier: Apache-2.0
/** The chart's values: one schema, from which values.yaml and values.schema.json are written. */
import { z } from "zod";
import { schedulerSettingsSchema } from "../../operator/src/core/scheduler/settings-schema.ts";
import { logLevels } from "../../operator/src/platform/logging.ts";

const networks = z
  .array(
    z
      .string()
      .max(64)
      .regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/),
  )
  .max(64)
  .default([]);
const imageReference = z.string().max(1024).default("");
const quantity = z.union([z.string().max(32), z.number().min(0)]);
const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });

/** Kubernetes' resource requests and limits of one container. */
function resources(description: string, requests: Amounts, limits: Amounts) {
  return z
    .strictObject({ requests: amounts.optional(), limits: amounts.optional() })
    .default({ requests, limits })
    .describe(description);
}

interface Amounts {
  readonly cpu?: string;
  readonly memory: string;
}

/** Every value has a default and a description; a group of values has neither. */
export const valuesSchema = z.strictObject({
  image: z.strictObject({
    product: imageReference.describe("Reference of the image of operator and agent. Required."),
    guest: imageReference.describe(
      "Reference of the image that server pods run. Required. Running servers keep theirs.",
    ),
    pullPolicy: z
      .enum(["IfNotPresent", "Always", "Never"])
      .default("IfNotPresent")
      .describe("When operator's and agent's images are pulled."),
    pullSecrets: z
      .array(z.strictObject({ name: z.string().min(1).max(253) }))
      .max(16)
      .default([])
      .describe("Secrets of this namespace to pull them with, as {name: …}."),
  }),
  operator: z.strictObject({
    replicas: z.int().min(1).max(5).default(2).describe("One leads, the others stand by."),
    resources: resources(
      "Requests and limits of the operator.",
      { cpu: "50m", memory: "128Mi" },
      { memory: "384Mi" },
    ),
  }),
  agent: z.strictObject({
    kubeletDirectory: z
      .string()
      .max(255)
      .regex(/^\/[A-Za-z0-9._/-]+$/)
      .default("/var/lib/kubelet")
      .describe("The kubelet's root directory on the nodes."),
    resources: resources(
      "Requests and limits of the agent on each node. What it runs to look at images counts here.",
      { cpu: "50m", memory: "128Mi" },
      { memory: "1Gi" },
    ),
    helperResources: resources(
      "Requests and limits of the agent's helper: libvirt without guests and without rights.",
      { cpu: "10m", memory: "48Mi" },
      { memory: "512Mi" },
    ),
  }),
  server: z.strictObject({
    overheadMib: z
      .int()
      .min(32)
      .max(65_536)
      .default(160)
      .describe("Memory in MiB that a server pod may use beside its guest's."),
    uidFirst: z
      .int()
      .min(100_000)
      .max(2_000_000_000)
      .default(1_000_700_000)
      .describe("First of the user ids that server pods run as, one for each server."),
    uidCount: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(65_536)
      .describe("How many there are: the most servers at a time."),
  }),
  images: z.strictObject({
    allowedSources: networks.describe(
      "Networks (CIDR) that disk images may come from although they are loopback, link-local, node, pod or Service addresses.",
    ),
    refusedSources: networks.describe(
      "Networks (CIDR) that disk images may not come from, beside those: pod networks that the network plugin does not write into the Nodes, for example.",
    ),
  }),
  scheduler: schedulerSettingsSchema
    .default({})
    .describe("How hosts are chosen: see docs/reference/scheduler.md."),
  crds: z.strictObject({
    install: z
      .boolean()
      .default(true)
      .describe("Install and upgrade the CRDs. They are kept when the release is removed."),
  }),
  heartbeatNamespace: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
    .default("kilonova-heartbeats")
    .describe(
      "Namespace for the agents' heartbeat Leases; made by the chart and used for nothing else.",
    ),
  logLevel: z.enum(logLevels).default("info").describe("Least severe log lines to write."),
  upAfterSeconds: z
    .int()
    .min(10)
    .max(3600)
    .default(20)
    .describe("A hypervisor is down when its heartbeat was not seen for this long."),
});

/** values.schema.json. `global` is what helm hands to every chart; it is not read. */
export function valuesJsonSchema(): object {
  const schema = valuesSchema.extend({ global: z.looseObject({}).optional() });
  return z.toJSONSchema(schema, { target: "draft-7", io: "input" });
}

/** The body of values.yaml: each value with its description above it. */
export function valuesYaml(): string {
  return membersYaml(valuesSchema, "").join("\n");
}

function membersYaml(schema: z.ZodObject, indent: string): string[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, member]) => {
    if (member instanceof z.ZodObject) {
      return [`${indent}${name}:`, ...membersYaml(member, `${indent}  `)];
    }
    if (!(member instanceof z.ZodDefault) || member.description === undefined) {
      throw new Error(`value ${name}: has no default or no description`);
    }
    return [
      `${indent}# ${member.description}`,
      `${indent}${name}: ${flowYaml(member.def.defaultValue)}`,
    ];
  });
}

/** JSON is YAML; names without quotes read better. */
function flowYaml(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/"(\w+)":/g, "$1: ")
    .replaceAll(/,(?=\w+: )/g, ", ");
}
