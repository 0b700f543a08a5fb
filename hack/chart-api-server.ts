// SPDX-License-Identifier: Apache-2.0
/** An API server with the chart in it, and those who may and may not: for tests of rights and policies. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Answer,
  ApiServerClient,
  collectionPath,
  type Identity,
} from "../operator/src/testing/api-server-client.ts";
import { completeObjects, renamed } from "../operator/src/testing/complete-objects.ts";
import { type ChartObject, renderChart } from "./chart.ts";
import { startApiServer } from "./cluster/apiserver-only.ts";

export const systemNamespace = "kilonova-system";
export const heartbeatNamespace = "kilonova-heartbeats";
/** The tenants' namespace, held to PodSecurity restricted. */
export const tenantNamespace = "team";

const policySecondsMax = 30;
const node = (name: string) => ({ "authentication.kubernetes.io/node-name": name });

/** Who asks. All but the administrator have only what RBAC gives them. */
export const who = {
  administrator: { user: "administrator", groups: ["system:masters"] },
  /** Has every right in the tenants' namespace, and none elsewhere. */
  tenant: { user: "tenant", groups: ["system:authenticated"] },
  operator: serviceAccount(systemNamespace, "kilonova-operator"),
  agentOf: (name: string): Identity => ({
    ...serviceAccount(systemNamespace, "kilonova-agent"),
    extra: node(name),
  }),
  /** The agent's account with a token that is bound to no pod, or taken from elsewhere. */
  agentOfNowhere: serviceAccount(systemNamespace, "kilonova-agent"),
  /** A tenant's own service account, whose token names a node as every token of a pod does. */
  tenantPodOn: (name: string): Identity => ({
    ...serviceAccount(tenantNamespace, "default"),
    extra: node(name),
  }),
  garbageCollector: serviceAccount("kube-system", "generic-garbage-collector"),
  namespaceController: serviceAccount("kube-system", "namespace-controller"),
  replicaSetController: serviceAccount("kube-system", "replicaset-controller"),
  /** Their rights come from the node authorizer, which is not on here. */
  kubeletOf: (name: string) => ({ user: `system:node:${name}`, groups: ["system:masters"] }),
} as const;

function serviceAccount(namespace: string, name: string) {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: [
      "system:serviceaccounts",
      `system:serviceaccounts:${namespace}`,
      "system:authenticated",
    ],
  };
}

export interface ChartApiServer {
  /** As an administrator. */
  readonly client: ApiServerClient;
  close(): Promise<void>;
}

/** Starts an API server, installs the chart, makes the tenants' namespace, waits for the policies. */
export async function startApiServerWithChart(): Promise<ChartApiServer> {
  const server = await startApiServer();
  const client = new ApiServerClient(server);
  const close = async (): Promise<void> => {
    client.close();
    await server.close();
  };
  const apply = async (objects: readonly object[]): Promise<void> => {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await server.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(list) });
  };
  try {
    const images = { "image.product": "kilonova:test", "image.guest": "kilonova-guest:test" };
    const chart = await renderChart(systemNamespace, images);
    await apply(chart.filter(isCrd));
    await server.kubectl(["wait", "--for=condition=Established", "crd", "--all"]);
    await apply([namespaceOf(systemNamespace, "privileged")]);
    await apply(chart.filter((object) => !isCrd(object) && object.kind !== "Job"));
    await apply(tenantObjects());
    await untilPoliciesHold(client);
    return { client, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function isCrd({ kind }: ChartObject): boolean {
  return kind === "CustomResourceDefinition";
}

function tenantObjects(): object[] {
  const apiGroup = "rbac.authorization.k8s.io";
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name: "everything", namespace: tenantNamespace };
  const subjects = [
    { apiGroup, kind: "User", name: who.tenant.user },
    { kind: "ServiceAccount", name: "default", namespace: tenantNamespace },
  ];
  return [
    namespaceOf(tenantNamespace, "restricted"),
    // There is no controller manager that would make it.
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: tenantNamespace },
    },
    {
      apiVersion,
      kind: "Role",
      metadata,
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
    },
    {
      apiVersion,
      kind: "RoleBinding",
      metadata,
      subjects,
      roleRef: { apiGroup, kind: "Role", name: metadata.name },
    },
  ];
}

function namespaceOf(name: string, level: "privileged" | "restricted"): object {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "pod-security.kubernetes.io/enforce": level } },
  };
}

/** The API server learns of a policy some moments after it was made, and of each by itself. */
async function untilPoliciesHold(client: ApiServerClient): Promise<void> {
  const { flavor, guest, server } = completeObjects;
  const name = "probe";
  const flavors = collectionPath("flavors");
  await client.must("POST", flavors, renamed(flavor, name));
  const abandoned = renamed(server, name, { annotations: { "kilonova.io/abandon": "true" } });
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name } };
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${heartbeatNamespace}/leases`;
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { "kilonova.io/server-uid": "probe" } },
    spec: { containers: [{ name, image: name }], serviceAccountName: "kilonova-agent" },
  };
  const tenant = client.as(who.tenant);
  const attempts: readonly (() => Promise<Answer>)[] = [
    () => client.dryRun("POST", collectionPath("guests", tenantNamespace), renamed(guest, name)),
    () => client.dryRun("PATCH", `${flavors}/${name}/status`, { status: flavor.status }),
    () => tenant.dryRun("POST", collectionPath("servers", tenantNamespace), abandoned),
    () => client.dryRun("POST", `/api/v1/namespaces/${systemNamespace}/pods`, pod),
    () => client.dryRun("POST", leases, lease),
  ];
  const deadline = performance.now() + policySecondsMax * 1000;
  for (const attempt of attempts) {
    for (let answer = await attempt(); !isPolicys(answer); answer = await attempt()) {
      if (performance.now() > deadline) throw new Error(`not refused: ${answer.body.message}`);
      await sleep(100);
    }
  }
  await client.must("DELETE", `${flavors}/${name}`);
}

function isPolicys({ body }: Answer): boolean {
  return /ValidatingAdmissionPolicy/.test(body.message);
}
