// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "../../api/kinds.ts";
import { label } from "../../api/names.ts";
import { serverPod } from "../../core/guest/pod.ts";
import { collectionPath } from "../api-server-client.ts";
import { type Asker, type Attempt, may, mayNot } from "../attempts.ts";
import { aServer } from "../builders.ts";
import { completeObjects, renamed } from "../complete-objects.ts";
import type { AccessHost } from "./access-host.ts";
import { tenantNamespace, who } from "./identities.ts";
import { guestVolume, plainPod as pod, pods, restricted, serverUid } from "./pods.ts";

const guests = collectionPath("guests", tenantNamespace);
const policy = { guestImage: "kilonova-guest:test", priorityClass: "kilonova-servers" };

const tenant: Asker = { who: "a tenant with every right", as: who.tenant };
const operator: Asker = { who: "the operator", as: who.operator };
const administrator: Asker = { who: "an administrator", as: who.administrator };
const replicaSets: Asker = { who: "the ReplicaSet controller", as: who.replicaSetController };
const collector: Asker = { who: "the garbage collector", as: who.garbageCollector };
const kubelet: Asker = { who: "a kubelet", as: who.kubeletOf("node-1") };

/** One host for all tests of a suite. */
interface World {
  host: AccessHost;
}

/** In the tenants' namespace: the server pod `web-1` of a Guest of that name, and the pod `plain`. */
export async function makeServerPods(host: AccessHost): Promise<void> {
  const guest = await host.must(
    who.operator,
    "POST",
    guests,
    renamed(completeObjects.guest, "web-1"),
  );
  await host.must(
    who.operator,
    "POST",
    pods,
    serverPod(aServer(), guest as Guest, policy, { isAccelerated: true, claims: [] }),
  );
  await host.must(who.tenant, "POST", pods, pod("plain"));
}

/** Who may do what with server pods, demanded alike of a real API server and of the fake. */
export function describeServerPodConformance(
  kind: "real" | "fake",
  makeHost: () => Promise<AccessHost>,
): void {
  describe(`pods in a ${kind} API server`, () => {
    const world = {} as World;
    beforeAll(async () => {
      world.host = await makeHost();
      await makeServerPods(world.host);
    });
    afterAll(() => world.host?.close());

    describeServerPods(world);
    describeOtherPods(world);
  });
}

function tryAll(world: World, attempts: readonly Attempt[]): void {
  test.each(attempts)("$who: $does", async (attempt) => {
    expect(await world.host.answerTo(attempt)).toMatch(attempt.refusal ?? /^accepted$/);
  });
}

function describeServerPods(world: World): void {
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
    tryAll(world, [
      may(operator, "make one", "POST", pods, pod("new", serverUid, guestVolume)),
      may(operator, "label it", "PATCH", web, labelled),
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
  });
}

function describeOtherPods(world: World): void {
  describe("other pods", () => {
    const plain = `${pods}/plain`;
    tryAll(world, [
      may(tenant, "make one", "POST", pods, pod("new")),
      may(tenant, "label it", "PATCH", plain, { metadata: { labels: { x: "y" } } }),
      mayNot(/kilonova-operator-pods.*server pods alone/)(
        ...([operator, "label it", "PATCH", plain, { metadata: { labels: { x: "y" } } }] as const),
      ),
      may(tenant, "write its status", "PATCH", `${plain}/status`, { status: { phase: "Failed" } }),
      may(replicaSets, "make one for a tenant", "POST", pods, pod("new")),
    ]);
  });
}
