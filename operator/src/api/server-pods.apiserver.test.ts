// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChartApiServer,
  startApiServerWithChart,
  systemNamespace,
  tenantNamespace,
  who,
} from "../../../hack/chart-api-server.ts";
import { serverPod } from "../core/guest/pod.ts";
import { type ApiServerClient, collectionPath } from "../testing/api-server-client.ts";
import { answerTo, type Asker, type Attempt, may, mayNot } from "../testing/attempts.ts";
import { completeObjects, renamed } from "../testing/complete-objects.ts";
import type { Guest } from "./kinds.ts";
import { csiDriver, label } from "./names.ts";

const pods = `/api/v1/namespaces/${tenantNamespace}/pods`;
const guests = collectionPath("guests", tenantNamespace);
const policy = { guestImage: "kilonova-guest:test", priorityClass: "kilonova-servers" };

let world: ChartApiServer;
let client: ApiServerClient;

/** In the tenants' namespace: the server pod `web-1` of a Guest of that name, and the pod `plain`. */
beforeAll(async () => {
  world = await startApiServerWithChart();
  client = world.client;
  const operator = client.as(who.operator);
  const guest = await operator.must("POST", guests, renamed(completeObjects.guest, "web-1"));
  await operator.must("POST", pods, serverPod(guest.body as Guest, policy, true));
  await client.as(who.tenant).must("POST", pods, pod("plain"));
});

afterAll(() => world?.close());

const restricted = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

const resources = { requests: { cpu: "100m" } };

function pod(name: string, metadata: object = {}, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: {
      containers: [{ name: "c", image: "c", resources, securityContext: restricted }],
      ...spec,
    },
  };
}

const serverUid = { labels: { [label.serverUid]: "x" } };
const guestVolume = {
  volumes: [{ name: "g", csi: { driver: csiDriver, volumeAttributes: { guest: "web-1" } } }],
};

const tenant: Asker = { who: "a tenant with every right", as: who.tenant };
const operator: Asker = { who: "the operator", as: who.operator };
const administrator: Asker = { who: "an administrator", as: who.administrator };
const replicaSets: Asker = { who: "the ReplicaSet controller", as: who.replicaSetController };
const collector: Asker = { who: "the garbage collector", as: who.garbageCollector };
const kubelet: Asker = { who: "a kubelet", as: who.kubeletOf("node-1") };

function tryAll(attempts: readonly Attempt[]): void {
  test.each(attempts)("$who: $does", async (attempt) => {
    expect(await answerTo(client, attempt)).toMatch(attempt.refusal ?? /^accepted$/);
  });
}

describe("server pods", () => {
  const not = mayNot(/kilonova-server-pods.*[Ss]erver pods/);
  const web = `${pods}/web-1`;
  const labelled = { metadata: { labels: { x: "y" } } };
  const unlabelled = { metadata: { labels: { [label.serverUid]: null } } };
  const failed = { status: { phase: "Failed" } };
  const container = { name: "d", image: "d", securityContext: restricted };
  const debugging = { spec: { ephemeralContainers: [container] } };
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "web-1" } };
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x" };
  tryAll([
    may(operator, "make one", "POST", pods, pod("new", serverUid, guestVolume)),
    may(operator, "delete it", "DELETE", web),
    not(tenant, "make one by its label", "POST", pods, pod("new", serverUid)),
    not(tenant, "make one by its volume", "POST", pods, pod("new", {}, guestVolume)),
    not(tenant, "make its own pod one", "PATCH", `${pods}/plain`, { metadata: serverUid }),
    not(tenant, "label it", "PATCH", web, labelled),
    not(tenant, "take the label off", "PATCH", web, unlabelled),
    not(tenant, "write its status", "PATCH", `${web}/status`, failed),
    not(tenant, "debug it", "PATCH", `${web}/ephemeralcontainers`, debugging),
    may(tenant, "delete it", "DELETE", web),
    may(tenant, "evict it", "POST", `${web}/eviction`, eviction),
    not(administrator, "make one", "POST", pods, pod("new", serverUid)),
    not(administrator, "write its status", "PATCH", `${web}/status`, failed),
    not(replicaSets, "make one for a tenant", "POST", pods, pod("new", {}, guestVolume)),
    not(kubelet, "make one", "POST", pods, pod("new", serverUid)),
    may(kubelet, "write its status", "PATCH", `${web}/status`, failed),
    may(collector, "change its owners", "PATCH", web, { metadata: { ownerReferences: [owner] } }),
    may(collector, "delete it", "DELETE", web),
  ]);

  test("are not resized by a tenant, as other pods are", async () => {
    const smaller = async (name: string): Promise<Attempt> => {
      const { body } = await client.must("GET", `${pods}/${name}`);
      body.spec.containers[0].resources.requests.cpu = "50m";
      return not(tenant, "resize it", "PUT", `${pods}/${name}/resize`, body);
    };
    const attempt = await smaller("web-1");
    expect(await answerTo(client, attempt)).toMatch(attempt.refusal ?? "");
    expect(await answerTo(client, await smaller("plain"))).toBe("accepted");
  });
});

describe("other pods", () => {
  const plain = `${pods}/plain`;
  const debugging = { spec: { ephemeralContainers: [{ name: "d", image: "d" }] } };
  tryAll([
    may(tenant, "make one", "POST", pods, pod("new")),
    may(tenant, "label it", "PATCH", plain, { metadata: { labels: { x: "y" } } }),
    may(tenant, "write its status", "PATCH", `${plain}/status`, { status: { phase: "Failed" } }),
    may(replicaSets, "make one for a tenant", "POST", pods, pod("new")),
    mayNot(/violates PodSecurity/)(
      tenant,
      "debug it with a container that is not restricted",
      "PATCH",
      `${plain}/ephemeralcontainers`,
      debugging,
    ),
  ]);
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
