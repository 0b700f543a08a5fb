// SPDX-License-Identifier: Apache-2.0
/**
 * Enforces NetworkPolicies, which the test cluster's network plugin does not: what a plugin would know is
 * asked of the API server, and each node drops what it forwards to a selected pod and no rule allows. As
 * real ones it knows pods by their labels and addresses alone. It goes as far as the suites do: ingress,
 * `matchLabels`, TCP ports by number, pods of one namespace, and peers on another node than the pod.
 */
import { z } from "zod";
import type { Tenant } from "./tenant.ts";

const selectorSchema = z.strictObject({ matchLabels: z.record(z.string(), z.string()) });
const policySchema = z.object({
  spec: z.strictObject({
    podSelector: selectorSchema,
    policyTypes: z.tuple([z.literal("Ingress")]),
    ingress: z.array(
      z.strictObject({
        from: z.array(z.strictObject({ podSelector: selectorSchema })),
        ports: z.array(z.strictObject({ protocol: z.literal("TCP"), port: z.number() })),
      }),
    ),
  }),
});
const podSchema = z.object({
  status: z.object({ podIPs: z.array(z.object({ ip: z.string() })).default([]) }),
});

type Policy = z.output<typeof policySchema>;
type Selector = z.output<typeof selectorSchema>;

const table = "inet e2e_policies";
/** Also where there is none. */
const noTable = `table ${table}\ndelete table ${table}\n`;

/** Enforces the policies of the tenant's namespace as its pods and their labels are now. */
export async function enforcePolicies(tenant: Tenant): Promise<void> {
  const policies = await list(tenant, ["networkpolicies"], policySchema);
  const rules: string[] = [];
  for (const policy of policies) rules.push(...(await rulesOf(tenant, policy)));
  const chain = [
    "type filter hook forward priority filter",
    "ct state established,related accept",
    ...rules,
  ];
  await onNodes(tenant, `${noTable}table ${table} {\nchain forward {\n${chain.join("\n")}\n}\n}\n`);
}

/** Lets everything through again. */
export function liftPolicies(tenant: Tenant): Promise<void> {
  return onNodes(tenant, noTable);
}

async function rulesOf(tenant: Tenant, { spec }: Policy): Promise<string[]> {
  const selected = await addressesOf(tenant, spec.podSelector);
  const rules: string[] = [];
  for (const { from, ports } of spec.ingress) {
    const peers = await Promise.all(
      from.map(({ podSelector }) => addressesOf(tenant, podSelector)),
    );
    const numbers = setOf(ports.map(({ port }) => port));
    for (const { word, isIts } of families) {
      const [sources, targets] = [peers.flat().filter(isIts), selected.filter(isIts)];
      if (sources.length === 0 || targets.length === 0) continue;
      const between = `${word} saddr ${setOf(sources)} ${word} daddr ${setOf(targets)}`;
      rules.push(`${between} tcp dport ${numbers} accept`);
    }
  }
  for (const { word, isIts } of families) {
    const targets = selected.filter(isIts);
    if (targets.length > 0) rules.push(`${word} daddr ${setOf(targets)} drop`);
  }
  return rules;
}

const families = [
  { word: "ip", isIts: (address: string): boolean => !address.includes(":") },
  { word: "ip6", isIts: (address: string): boolean => address.includes(":") },
] as const;

function setOf(values: readonly (string | number)[]): string {
  return `{ ${values.join(", ")} }`;
}

/** The addresses of the pods that a selector selects, in the API server's own reading of it. */
async function addressesOf(tenant: Tenant, { matchLabels }: Selector): Promise<string[]> {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const pods = await list(tenant, ["pods", "-l", labels.join(",")], podSchema);
  return pods.flatMap(({ status }) => status.podIPs.map(({ ip }) => ip));
}

async function list<T>(
  tenant: Tenant,
  what: readonly string[],
  schema: z.ZodType<T>,
): Promise<readonly T[]> {
  const text = await tenant.kubectl("get", "-n", tenant.namespace, ...what, "-o", "json");
  return z.object({ items: z.array(schema) }).parse(JSON.parse(text)).items;
}

async function onNodes(tenant: Tenant, rules: string): Promise<void> {
  const { cluster } = tenant.world;
  for (const { name } of (await cluster.status()).nodes) {
    const { exitCode, stderr } = await cluster
      .node(name)
      .exec(["nft", "-f", "-"], { stdin: rules });
    if (exitCode !== 0) throw new Error(`${name}: ${stderr}`);
  }
}
