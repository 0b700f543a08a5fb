// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { mapOf, setOf, text, wholeMapOf } from "../bounded.ts";
import {
  conditionsSchema,
  defineKind,
  immutable,
  observedGeneration,
  timestamp,
} from "../define-kind.ts";
import { labelSelectorSchema } from "../label-selector.ts";
import { zoneName } from "../scheduling-names.ts";
import { extraSpecsSchema, flavorShape } from "./flavor.ts";
import { httpSourceSchema, imageFormat, imagePropertiesSchema } from "./image.ts";
import { machineSchema, resourcesSchema, uuidSchema } from "./guest-model.ts";
import { serverAddressesSchema, serverNetworksSchema } from "./network.ts";
import { probeKinds, readinessProbeSchema } from "./readiness-probe.ts";

const objectName = text(1, 253).regex(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  "write an object's name: lower-case letters, digits, '-' and '.', with a letter or digit at both ends",
);

const secretKeySchema = z
  .strictObject({
    name: objectName.describe("Name of a Secret in the server's namespace."),
    key: text(1, 253)
      .regex(/^[-._A-Za-z0-9]+$/, "write letters, digits, '-', '_' and '.'")
      .describe("Key in that Secret."),
  })
  .describe("A key of a Secret. Its value reaches the server's pod and no process of Kilonova.");

/** What has 65535 characters in base64, the most that Nova takes. */
const userDataBytesMax = 49_149;

const sshKeySchema = z.strictObject({
  value: text(1, 2048)
    .regex(
      /^[a-z][-a-z0-9@.]+ [A-Za-z0-9+/]+=*( [ -~]*)?$/,
      "write one line as in authorized_keys, without options: type, key in base64, comment",
    )
    .optional()
    .describe("The public key, as it stands in one line of authorized_keys."),
  secret: secretKeySchema.optional(),
});

const userDataSchema = z.strictObject({
  value: text(1, userDataBytesMax)
    .optional()
    .describe("The text itself. Whoever reads Servers or pods can read it."),
  secret: secretKeySchema.optional(),
});

export const powerStates = ["Running", "Stopped"] as const;

/** Looked at whenever a host is chosen. Source: nova-semantics 5.6. */
const schedulerHintsSchema = z.strictObject({
  sameHost: setOf(objectName, 16)
    .optional()
    .describe("Names of Servers of the namespace: with one of them."),
  differentHost: setOf(objectName, 64)
    .optional()
    .describe("Names of Servers of the namespace: with none of them."),
  nodeSelector: labelSelectorSchema.optional().describe("Only on nodes with these labels."),
  hostNetwork: text(3, 64)
    .regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/, "write a network as 10.0.0.0/8 or fd00::/8")
    .optional()
    .describe("Only on nodes with an address in this network (CIDR)."),
});

export const serverSpecSchema = z.strictObject({
  flavor: objectName.describe("Name of the Flavor that gives the size."),
  image: z
    .strictObject({ name: objectName.describe("Name of an Image in the server's namespace.") })
    .describe("What the root disk is made from. A change only sets RebuildRequired."),
  uuid: uuidSchema
    .optional()
    .describe("The guest's SMBIOS uuid and instance id; metadata.uid when absent."),
  powerState: z
    .enum(powerStates)
    .default("Running")
    .describe("The state that the guest shall be in. It acts when it changes."),
  onGuestShutdown: z
    .enum(["Stop", "Restart"])
    .default("Stop")
    .describe("What happens when the guest shuts itself down. Stop is what Nova does."),
  onCrash: z
    .enum(["Stop", "Restart"])
    .default("Stop")
    .describe("What happens when the guest's QEMU ends by itself."),
  availabilityZone: zoneName
    .optional()
    .describe("Only on hosts of this zone, now and when it moves; absent means any."),
  serverGroup: objectName
    .optional()
    .describe("Name of a ServerGroup of the namespace that the server is a member of for life."),
  schedulerHints: schedulerHintsSchema
    .optional()
    .describe("Wishes beside flavor and image, looked at whenever a host is chosen."),
  hostname: text(1, 253)
    .regex(
      /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/,
      "write a host name or FQDN: letters, digits and '-', with '.' between its parts",
    )
    .optional()
    .describe("The guest's host name, an FQDN is passed unchanged; metadata.name when absent."),
  sshKeys: z
    .array(sshKeySchema)
    .max(16)
    .optional()
    .describe("Public keys that the guest lets in. A change reaches a guest that is built anew."),
  userData: userDataSchema
    .optional()
    .describe(
      "What cloud-init does at the first boot. A change reaches a guest that is built anew.",
    ),
  configDrive: z
    .enum(["ISO9660", "VFAT", "None"])
    .default("ISO9660")
    .describe("File system of the disk that tells the guest of itself; None makes no such disk."),
  networks: serverNetworksSchema.optional(),
  readinessProbe: readinessProbeSchema.optional(),
  metadata: mapOf(text(1, 255), text(0, 255), 128)
    .optional()
    .describe("Keys and values for the guest to read, as Nova's server metadata."),
});

export type ServerSpec = z.output<typeof serverSpecSchema>;

/** What `kubectl get` shows, in Nova's words. Source: nova-semantics 1.2. */
export const serverPhases = ["PENDING", "BUILD", "ACTIVE", "SHUTOFF", "ERROR"] as const;
export type ServerPhase = (typeof serverPhases)[number];

export const taskStates = [
  "scheduling",
  "spawning",
  "powering-on",
  "powering-off",
  "deleting",
] as const;
export type TaskState = (typeof taskStates)[number];

/** The right to run (protocol P1): written by the operator alone. `token` only grows. */
export const runSchema = z.strictObject({
  token: z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe("Number of the incarnation."),
  guest: text(1, 253).describe("Name of the Guest that holds the right."),
  host: text(1, 253).describe("Node on which that Guest stands."),
  state: z
    .enum(["Granted", "Released"])
    .describe("Released: the host proved that this incarnation never runs again."),
  evidence: text(0, 512).optional().describe("Why it was released, if not by its host."),
});

export type Run = z.output<typeof runSchema>;

const appliedSchema = z.strictObject({
  value: text(0, 253).describe("The name in the spec that was acted on."),
  uid: text(0, 64).optional().describe("The uid of the object of that name."),
  generation: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe("The Server's generation."),
  outcome: z.enum(["Applied", "Refused"]).describe("How the attempt ended."),
});

export const embeddedFlavorSchema = z.strictObject({
  name: text(0, 253).describe("Name at the time."),
  uid: text(0, 64).describe("Uid of the Flavor object."),
  ...flavorShape,
  extraSpecs: extraSpecsSchema.optional(),
});

export const embeddedImageSchema = z.strictObject({
  name: text(0, 253).describe("Name at the time."),
  uid: text(0, 64).describe("Uid of the Image object."),
  http: httpSourceSchema.describe("The source, with the digest that the disk was made from."),
  format: imageFormat,
  minDiskGib: z.int().min(0).max(65_536).default(0).describe("Smallest root disk in GiB."),
  minMemoryMib: z.int().min(0).max(16_777_216).default(0).describe("Smallest memory in MiB."),
  properties: imagePropertiesSchema.optional(),
});

export const serverStatusSchema = z.strictObject({
  observedGeneration: observedGeneration.optional(),
  phase: z.enum(serverPhases).optional().describe("The server's status in Nova's words."),
  taskState: z.enum(taskStates).optional().describe("What is under way; absent when idle."),
  powerState: z
    .enum(["NOSTATE", "RUNNING", "PAUSED", "SHUTDOWN", "CRASHED"])
    .optional()
    .describe("What the hypervisor last said."),
  powerStateApplied: z
    .enum(powerStates)
    .optional()
    .describe("The spec.powerState that was last acted on; a change of it acts."),
  stoppedBy: z
    .enum(["User", "Guest", "Crash", "Host", "Pod"])
    .optional()
    .describe("Why the guest is off. Host and Pod restart it; the others do not."),
  fault: z
    .strictObject({
      reason: text(0, 64).describe("One CamelCase word."),
      message: text(0, 1024).describe("Cause and cure."),
      time: timestamp.describe("When it happened."),
    })
    .optional()
    .describe("The last failure; absent when there is none."),
  run: runSchema.optional().describe("Which incarnation may run, and where."),
  hypervisor: text(0, 253).optional().describe("The node that the server is on."),
  availabilityZone: text(0, 63).optional().describe("The zone that its hypervisor is in."),
  pinnedAvailabilityZone: text(0, 63)
    .optional()
    .describe("The zone that it was placed for, and that it stays in."),
  podName: text(0, 253).optional().describe("The pod that the guest runs in."),
  hostname: text(0, 253).optional().describe("The guest's host name."),
  addresses: serverAddressesSchema
    .optional()
    .describe("The server's addresses; those at which others reach it come first."),
  flavor: embeddedFlavorSchema.optional().describe("The flavor that the server was built from."),
  image: embeddedImageSchema.optional().describe("The image that the server was built from."),
  machine: machineSchema.optional().describe("Frozen at first boot: later upgrades keep it."),
  allocation: resourcesSchema.optional().describe("What the server holds on its hypervisor."),
  decision: z
    .strictObject({
      host: text(0, 253).optional().describe("The host that was chosen."),
      considered: z.int().min(0).max(1_000_000).describe("Hypervisors that were looked at."),
      excluded: wholeMapOf(text(0, 128), z.int().min(1).max(1_000_000), 32)
        .optional()
        .describe("How many hypervisors each cause excluded."),
      weights: wholeMapOf(text(0, 64), z.number().min(-1e12).max(1e12), 32)
        .optional()
        .describe("What each weigher gave the host that was chosen, where it made a difference."),
    })
    .optional()
    .describe("How the scheduler last decided."),
  refusedHosts: z
    .array(text(0, 253))
    .max(8)
    .optional()
    .describe("Hosts that refused the claim since it was last granted; not tried again now."),
  lastApplied: z
    .strictObject({
      flavor: appliedSchema.optional().describe("The flavor that was last acted on."),
      image: appliedSchema.optional().describe("The image that was last acted on."),
    })
    .optional()
    .describe("What of the spec was attempted: each value once."),
  timings: z
    .strictObject({
      createdTime: timestamp.optional().describe("When the server was first seen."),
      startedTime: timestamp.optional().describe("When the guest last began to run."),
    })
    .optional()
    .describe("Of the last boot."),
  conditions: conditionsSchema.optional(),
});

const utf8 = new TextEncoder();

function isFromOneSource({ value, secret }: z.output<typeof userDataSchema>): boolean {
  return (value === undefined) !== (secret === undefined);
}

export type ServerStatus = z.output<typeof serverStatusSchema>;

const probeCountCel = `[${probeKinds.map((kind) => `has(self.readinessProbe.${kind})`).join(", ")}].filter(given, given).size()`;

export const server = defineKind({
  kind: "Server",
  plural: "servers",
  shortNames: ["srv"],
  scope: "Namespaced",
  description:
    "A virtual machine: what it is made of and the state that it shall be in. The operator never writes its spec.",
  spec: serverSpecSchema,
  status: serverStatusSchema,
  rules: [
    immutable("uuid", "create another Server with the uuid that you want"),
    immutable("serverGroup", "create another Server in the group that you want"),
    {
      cel: "!has(self.sshKeys) || self.sshKeys.all(key, has(key.value) != has(key.secret))",
      message: "sshKeys: give each either a value or a secret",
      holds: ({ sshKeys = [] }) => sshKeys.every(isFromOneSource),
    },
    {
      cel: "!has(self.userData) || has(self.userData.value) != has(self.userData.secret)",
      message: "userData: give either a value or a secret",
      holds: ({ userData }) => userData === undefined || isFromOneSource(userData),
    },
    {
      cel: `!has(self.userData) || !has(self.userData.value) || size(bytes(self.userData.value)) <= ${userDataBytesMax}`,
      message: `userData.value has at most ${userDataBytesMax} bytes: have the guest fetch the rest`,
      holds: ({ userData }) => utf8.encode(userData?.value).length <= userDataBytesMax,
    },
    immutable("networks", "create another Server with the networks that you want"),
    {
      cel: "!has(self.networks) || self.networks.all(network, has(network.pod) != has(network.networkAttachment))",
      message: "networks: give each either pod or networkAttachment",
      holds: ({ networks = [] }) =>
        networks.every(
          ({ pod, networkAttachment }) => (pod === undefined) !== (networkAttachment === undefined),
        ),
    },
    {
      cel: "!has(self.networks) || self.networks.filter(network, has(network.pod)).size() <= 1",
      message:
        "networks: a pod has one network of its cluster; give the others a networkAttachment",
      holds: ({ networks = [] }) => networks.filter(({ pod }) => pod !== undefined).length <= 1,
    },
    {
      cel: "!has(self.networks) || self.networks.all(one, !has(one.mac) || self.networks.exists_one(other, has(other.mac) && other.mac == one.mac))",
      message: "networks: two of them have the same mac: give each its own",
      holds: ({ networks = [] }) => {
        const macs = networks.flatMap(({ mac }) => mac ?? []);
        return new Set(macs).size === macs.length;
      },
    },
    {
      cel: `!has(self.readinessProbe) || ${probeCountCel} == 1`,
      message: `readinessProbe: give one of ${probeKinds.join(", ")}`,
      holds: ({ readinessProbe: probe }) =>
        probe === undefined || probeKinds.filter((kind) => probe[kind] !== undefined).length === 1,
    },
    {
      cel: "!has(self.readinessProbe) || (!has(self.readinessProbe.tcpSocket) && !has(self.readinessProbe.httpGet)) || !has(self.networks) || self.networks.exists(network, has(network.pod))",
      message:
        "readinessProbe: tcpSocket and httpGet go over the pod network, which the server is not on; use exec or guestAgentPing",
      holds: ({ readinessProbe: probe, networks }) =>
        (probe?.tcpSocket === undefined && probe?.httpGet === undefined) ||
        networks === undefined ||
        networks.some(({ pod }) => pod !== undefined),
    },
  ],
  columns: [
    { name: "PHASE", type: "string", jsonPath: ".status.phase", description: "Nova's status." },
    { name: "POWER", type: "string", jsonPath: ".status.powerState", description: "Power state." },
    { name: "HOST", type: "string", jsonPath: ".status.hypervisor", description: "Hypervisor." },
    { name: "FLAVOR", type: "string", jsonPath: ".spec.flavor", description: "Size." },
    {
      name: "IP",
      type: "string",
      jsonPath: ".status.addresses[0].address",
      description: "Where it is reached.",
    },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Age." },
    {
      name: "TASK",
      type: "string",
      jsonPath: ".status.taskState",
      description: "What is under way.",
      priority: 1,
    },
    {
      name: "IMAGE",
      type: "string",
      jsonPath: ".spec.image.name",
      description: "Image.",
      priority: 1,
    },
    {
      name: "REASON",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: "Why it is as it is.",
      priority: 1,
    },
  ],
  selectableFields: [".spec.flavor", ".spec.image.name", ".status.hypervisor", ".status.phase"],
});
