// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { logLevels } from "./logging.ts";

/** Both processes are configured by environment variables alone; the chart sets them. */
const shared = {
  logLevel: z.enum(logLevels).default("info").describe("Least severe log lines to write."),
  namespace: name(253).describe("Namespace that the product is installed in."),
  heartbeatNamespace: name(253).describe("Namespace of the agents' heartbeat Leases."),
  healthHost: z
    .string()
    .default("0.0.0.0")
    .describe("Address that /healthz, /readyz and /metrics are served on."),
  healthPort: integer(1, 65_535).prefault("8080").describe("Port of the same."),
};

/** The operator's, but for what `core` knows the schema of. */
export const operatorProcessSchema = z.strictObject({
  ...shared,
  podName: name(253).describe("Name of the operator's own pod: a part of its identity as leader."),
  guestImage: name(1024).describe("Reference of the image that server pods run."),
  serverUidFirst: integer(1, 2_000_000_000)
    .prefault("1000700000")
    .describe("First user id of the range that server pods take theirs from, one for each server."),
  serverUidCount: integer(1, 1_000_000)
    .prefault("65536")
    .describe("Size of that range: the most servers at a time."),
  serverOverheadMib: integer(0, 65_536)
    .prefault("160")
    .describe("Memory in MiB that a server pod may use beside its guest's."),
  serverPriorityClass: z
    .string()
    .max(253)
    .optional()
    .describe("PriorityClass of server pods; the cluster's default when absent."),
  serverWorkers: integer(1, 64).prefault("24").describe("Servers that are worked on at a time."),
  upAfterSeconds: integer(10, 3600)
    .prefault("20")
    .describe("A hypervisor is down when its heartbeat was not seen for this long."),
});

export const agentConfigSchema = z.strictObject({
  ...shared,
  nodeName: name(253).describe("Name of the node that the agent runs on."),
  kubeletDirectory: name(1024)
    .default("/var/lib/kubelet")
    .describe("The kubelet's root directory on the node."),
  helperDirectory: name(80)
    .default("/run/kilonova-helper")
    .describe("Runtime directory of the helper container, shared with the agent."),
  helperUid: integer(1, 2_000_000_000)
    .prefault("65533")
    .describe("User id that the helper container runs as; no other process may have it."),
  imageSourcesRefused: list()
    .prefault("")
    .describe(
      "Networks (CIDR, comma-separated) that images may not come from, beside loopback, link-local, node and Service addresses and the nodes' pod networks: those that the network plugin keeps to itself.",
    ),
  imageSourcesAllowed: list()
    .prefault("")
    .describe(
      "Networks (CIDR, comma-separated) that images may come from although they are loopback, link-local, node, pod or Service addresses.",
    ),
});

export type AgentConfig = z.output<typeof agentConfigSchema>;

/** The environment does not say what the process needs. The message names every variable at fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The name of the environment variable of a key: `upAfterSeconds` is KILONOVA_UP_AFTER_SECONDS. */
export function variableOf(key: string): string {
  return `KILONOVA_${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/**
 * Reads a process's configuration. An empty variable counts as absent. Other variables are ignored:
 * Kubernetes sets KILONOVA_… by itself when there is a Service of our name. Throws ConfigError.
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment,
): z.output<Schema> {
  const found = new Map<string, string>();
  for (const key of Object.keys(schema.shape)) {
    const value = environment[variableOf(key)];
    if (value !== undefined && value !== "") found.set(key, value);
  }
  const result = schema.safeParse(Object.fromEntries(found));
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => {
    const [key = "", ...member] = path.map(String);
    const place = member.length === 0 ? "" : `${member.join(".")}: `;
    return `${variableOf(key)}: ${place}${found.has(key) ? message : "is required"}`;
  });
  throw new ConfigError(faults.join("; "));
}

/** One line of the reference page. */
export interface ConfigVariable {
  readonly variable: string;
  readonly description: string;
  readonly default: string | undefined;
  readonly isRequired: boolean;
}

/** Every variable of a schema, in its order. */
export function describeConfig(schema: z.ZodObject): ConfigVariable[] {
  const document = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(document.properties ?? {}).map(([key, property]) => {
    const { description, default: preset } = property as z.core.JSONSchema.JSONSchema;
    return {
      variable: variableOf(key),
      description: description ?? "",
      default: typeof preset === "string" ? preset : undefined,
      isRequired: document.required?.includes(key) ?? false,
    };
  });
}

function name(lengthMax: number): z.ZodString {
  return z.string().min(1).max(lengthMax);
}

function integer(min: number, max: number) {
  const digits = z.string().regex(/^\d{1,10}$/, "is not a whole number");
  return digits.transform(Number).pipe(z.int().min(min).max(max));
}

function list() {
  return z.string().max(16_384).transform(splitList);
}

const jsonLengthMax = 65_536;

/** A value written as JSON. */
export function json<Schema extends z.ZodType>(schema: Schema) {
  const text = z.string().max(jsonLengthMax);
  const value = text.transform((written, context): unknown => {
    try {
      return JSON.parse(written);
    } catch {
      context.addIssue("is not JSON");
      return z.NEVER;
    }
  });
  return value.pipe(schema);
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
