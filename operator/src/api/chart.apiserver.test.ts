// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { type ChartApiServer, startApiServerWithChart } from "../../../hack/chart-api-server.ts";
import { type ChartObject, lintChart, renderChart } from "../../../hack/chart.ts";
import { operatorConfigSchema } from "../controllers/config.ts";
import { agentConfigSchema, describeConfig, readConfig } from "../platform/config.ts";
import { chartAccessObjects } from "../testing/access/chart-templates.ts";
import { systemNamespace, tenantNamespace } from "../testing/access/identities.ts";
import { label } from "./names.ts";

const root = join(import.meta.dirname, "../../..");
const images = { "image.product": "kilonova:test", "image.guest": "kilonova-guest:test" };
const render = (values: object = {}): Promise<ChartObject[]> =>
  renderChart(systemNamespace, { ...images, ...values });

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

let objects: ChartObject[];
beforeAll(async () => {
  objects = await render();
});

function find(kind: string, name: string): ChartObject {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`the chart has no ${kind} ${name}`);
  return found;
}

const podOf = (kind: string, name: string) => find(kind, name)["spec"].template.spec;
const containerOf = (kind: string, name: string): Container =>
  podOf(kind, name).containers[0] as Container;

describe("the chart", () => {
  test("pleases helm's linter", async () => {
    expect(await lintChart(images)).toContain("0 chart(s) failed");
  });

  test("has the rights and policies that the fake API server enforces", () => {
    const enforced = chartAccessObjects();
    const kinds = new Set(enforced.map(({ kind }) => kind));
    expect(kinds).toContain("ValidatingAdmissionPolicy");
    const byName = (one: object, other: object): number =>
      JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
    const rendered = objects.filter(({ kind }) => kinds.has(kind));
    expect(enforced.toSorted(byName)).toEqual(rendered.toSorted(byName));
  });

  test("says what is missing", async () => {
    await expect(renderChart(systemNamespace, {})).rejects.toThrow(/image.product: say where/);
  });

  test.each([
    ["operator.replicas", 0],
    ["operator.replicas", "two"],
    ["operator.replica", 2],
    ["operator.resources", { limits: { gpu: 1 } }],
    ["image.pullPolicy", "Sometimes"],
    ["image.tag", "latest"],
    ["images.allowedSources", ["example.org"]],
    ["images.allowedSources", "10.0.0.0/8"],
    ["images.refusedSources", ["10.0.0.0"]],
    ["logLevel", "loud"],
    ["upAfterSeconds", 5],
    ["heartbeatNamespace", "Not A Name"],
    ["crds.install", "yes"],
    ["nonsense", true],
  ])("refuses the value %s: %j", async (path, value) => {
    await expect(render({ [path]: value })).rejects.toThrow(/don't meet the specifications/);
  });

  test("takes the values that it is documented to take", async () => {
    const rendered = await render({
      "images.allowedSources": ["10.252.0.17/32", "fd00::/8"],
      "image.pullSecrets": [{ name: "registry" }],
      "agent.resources": { limits: { memory: "2Gi" } },
      global: { more: 1 },
    });
    expect(rendered).toHaveLength(objects.length);
  });

  test("keeps the CRDs when it is removed, and leaves them out on demand", async () => {
    const isCrd = ({ kind }: ChartObject): boolean => kind === "CustomResourceDefinition";
    const crds = objects.filter(isCrd);
    expect(crds.length).toBeGreaterThanOrEqual(5);
    for (const { metadata } of crds) {
      expect(metadata.annotations).toMatchObject({ "helm.sh/resource-policy": "keep" });
    }
    expect((await render({ "crds.install": false })).filter(isCrd)).toEqual([]);
  });

  test("asks before it is removed", () => {
    const { annotations } = find("Job", "kilonova-uninstall-guard").metadata;
    expect(annotations).toMatchObject({ "helm.sh/hook": "pre-delete" });
  });
});

describe.each<[string, string, string, z.ZodObject]>([
  ["operator", "Deployment", "kilonova-operator", operatorConfigSchema],
  ["agent", "DaemonSet", "kilonova-agent", agentConfigSchema],
])("the %s", (_, kind, name, schema) => {
  test("gets every variable that it needs, and none that it does not know", () => {
    const { env } = containerOf(kind, name);
    const environment = Object.fromEntries(env.map((one) => [one.name, one.value ?? "from-pod"]));
    expect(() => readConfig(schema, environment)).not.toThrow();
    const known = describeConfig(schema).map(({ variable }) => variable);
    expect(Object.keys(environment).filter((one) => !known.includes(one))).toEqual([]);
  });
});

test.each([
  ["Deployment", "kilonova-operator"],
  ["DaemonSet", "kilonova-agent"],
  ["Job", "kilonova-uninstall-guard"],
])("the %s %s is started from a file that exists", (kind, name) => {
  const [path = ""] = containerOf(kind, name).args ?? [];
  expect([path, existsSync(join(root, path))]).toEqual([path, true]);
});

test("networks of image sources reach the agent as they are written", async () => {
  const rendered = await render({
    "images.allowedSources": ["10.252.0.17/32"],
    "images.refusedSources": ["10.244.0.0/16", "fd00:1::/64"],
  });
  const agent = rendered.find(({ kind }) => kind === "DaemonSet");
  const container = agent?.["spec"].template.spec.containers[0] as Container | undefined;
  const environment = Object.fromEntries(
    (container?.env ?? []).map((one) => [one.name, one.value ?? "from-pod"]),
  );
  expect(readConfig(agentConfigSchema, environment)).toMatchObject({
    imageSourcesAllowed: ["10.252.0.17/32"],
    imageSourcesRefused: ["10.244.0.0/16", "fd00:1::/64"],
  });
});

describe("the agent's pod", () => {
  test("gives its token to the agent alone, and to root alone there", () => {
    const pod = podOf("DaemonSet", "kilonova-agent");
    expect(pod.automountServiceAccountToken).toBe(false);
    const volume = pod.volumes.find((one: { name: string }) => one.name === "token");
    expect(volume.projected.defaultMode).toBe(0o400);
    const holders = pod.containers.filter((one: { volumeMounts: { name: string }[] }) =>
      one.volumeMounts.some((mount) => mount.name === "token"),
    );
    expect(holders.map((one: Container) => one.name)).toEqual(["agent"]);
  });

  test("shares with its helper what the agent expects by default", () => {
    const { helperDirectory, helperUid } = readConfig(agentConfigSchema, {
      KILONOVA_NAMESPACE: "x",
      KILONOVA_HEARTBEAT_NAMESPACE: "x",
      KILONOVA_NODE_NAME: "x",
    });
    const [agent, helper] = podOf("DaemonSet", "kilonova-agent").containers;
    expect(helper.securityContext.runAsUser).toBe(helperUid);
    expect(agent.volumeMounts).toContainEqual({ name: "helper-run", mountPath: helperDirectory });
    expect(helper.volumeMounts).toContainEqual({ name: "helper-run", mountPath: "/data/run" });
  });

  test("stands on labelled nodes and on those in use, whatever their taints", () => {
    const { affinity, tolerations } = podOf("DaemonSet", "kilonova-agent");
    const terms =
      affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    expect(terms).toEqual([
      { matchExpressions: [{ key: label.hypervisor, operator: "In", values: ["true"] }] },
      { matchExpressions: [{ key: label.inUse, operator: "Exists" }] },
    ]);
    expect(tolerations).toEqual([{ operator: "Exists" }]);
  });
});

describe("on an API server", () => {
  let world: ChartApiServer;
  beforeAll(async () => {
    world = await startApiServerWithChart();
  });
  afterAll(() => world?.close());

  test.each([
    ["Deployment", "kilonova-operator"],
    ["Job", "kilonova-uninstall-guard"],
  ])("the pod of the %s %s fits PodSecurity restricted", async (kind, name) => {
    const answer = await world.client.dryRun("POST", `/api/v1/namespaces/${tenantNamespace}/pods`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "pod" },
      spec: { ...podOf(kind, name), serviceAccountName: "default" },
    });
    expect([answer.code, answer.body.message]).toEqual([201, undefined]);
  });

  test("the agent's pod fits where privileged pods are admitted", async () => {
    const answer = await world.client.dryRun("POST", `/api/v1/namespaces/${systemNamespace}/pods`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "pod" },
      spec: podOf("DaemonSet", "kilonova-agent"),
    });
    expect([answer.code, answer.body.message]).toEqual([201, undefined]);
  });
});
