// SPDX-License-Identifier: Apache-2.0
/** An API server with the chart in it: for tests of rights and policies. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  heartbeatNamespace,
  systemNamespace,
  tenantNamespace,
  tenantRights,
  who,
} from "../operator/src/testing/access/identities.ts";
import {
  type Answer,
  ApiServerClient,
  collectionPath,
} from "../operator/src/testing/api-server-client.ts";
import { completeObjects, renamed } from "../operator/src/testing/complete-objects.ts";
import { type ChartObject, renderChart } from "./chart.ts";
import { type LoneApiServer, startApiServer } from "./cluster/apiserver-only.ts";

const policySecondsMax = 30;

export interface ChartApiServer {
  /** As an administrator. */
  readonly client: ApiServerClient;
  readonly server: LoneApiServer;
  readonly close: () => Promise<void>;
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
    return { client, server, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function isCrd({ kind }: ChartObject): boolean {
  return kind === "CustomResourceDefinition";
}

function tenantObjects(): object[] {
  return [
    namespaceOf(tenantNamespace, "restricted"),
    // There is no controller manager that would make it.
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: tenantNamespace },
    },
    ...tenantRights(tenantNamespace),
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
