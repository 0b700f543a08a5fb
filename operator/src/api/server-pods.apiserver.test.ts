// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChartApiServer, startApiServerWithChart } from "../../../hack/chart-api-server.ts";
import { type AccessHost, realAccessHost } from "../testing/access/access-host.ts";
import { systemNamespace, who } from "../testing/access/identities.ts";
import { plainPod as pod, pods } from "../testing/access/pods.ts";
import {
  describeServerPodConformance,
  makeServerPods,
} from "../testing/access/server-pods.conformance.ts";
import { type ApiServerClient, collectionPath } from "../testing/api-server-client.ts";
import { type Asker, may } from "../testing/attempts.ts";
import { completeObjects, renamed } from "../testing/complete-objects.ts";

describeServerPodConformance("real", async () => realAccessHost(await startApiServerWithChart()));

let world: ChartApiServer;
let client: ApiServerClient;
let host: AccessHost;

beforeAll(async () => {
  world = await startApiServerWithChart();
  client = world.client;
  host = realAccessHost(world);
  await makeServerPods(host);
});

afterAll(() => world?.close());

const tenant: Asker = { who: "a tenant with every right", as: who.tenant };

describe("pods of tenants and servers", () => {
  test("are not resized by a tenant, as other pods are", async () => {
    const answerFor = async (name: string): Promise<string> => {
      const { body } = await client.must("GET", `${pods}/${name}`);
      body.spec.containers[0].resources.requests.cpu = "50m";
      return host.answerTo(may(tenant, "resize it", "PUT", `${pods}/${name}/resize`, body));
    };
    expect(await answerFor("web-1")).toMatch(/kilonova-server-pods.*Server pods/);
    expect(await answerFor("plain")).toBe("accepted");
  });

  test("take no container from a tenant that is not restricted", async () => {
    const debugging = { spec: { ephemeralContainers: [{ name: "d", image: "d" }] } };
    const path = `${pods}/plain/ephemeralcontainers`;
    const attempt = may(tenant, "debug it", "PATCH", path, debugging);
    expect(await host.answerTo(attempt)).toMatch(/violates PodSecurity/);
  });
});

describe("the token of an agent's pod", () => {
  const accounts = `/api/v1/namespaces/${systemNamespace}/serviceaccounts`;
  const systemPods = `/api/v1/namespaces/${systemNamespace}/pods`;
  const status = { status: { observedGeneration: 1 } };

  /** The token that a kubelet would get for the agent's pod on this node. */
  async function agentToken(nodeName: string): Promise<string> {
    const name = `agent-on-${nodeName}`;
    const spec = { nodeName, serviceAccountName: "kilonova-agent" };
    const { metadata } = (await client.must("POST", systemPods, pod(name, {}, spec))).body;
    const answer = await client.must("POST", `${accounts}/kilonova-agent/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid: metadata.uid } },
    });
    return answer.body.status.token;
  }

  test("is good for its own node's objects and for no other's", async () => {
    const hypervisors = collectionPath("hypervisors");
    for (const name of ["node-1", "node-2"]) {
      await client.must("POST", hypervisors, renamed(completeObjects.hypervisor, name));
    }
    const agent = client.as({ token: await agentToken("node-1") });
    const own = await agent.send("PATCH", `${hypervisors}/node-1/status`, status);
    expect([own.code, own.body.status]).toEqual([200, status.status]);
    const other = await agent.send("PATCH", `${hypervisors}/node-2/status`, status);
    expect([other.code, other.body.message]).toEqual([
      403,
      expect.stringMatching(/agent of that node alone/),
    ]);
  });
});
