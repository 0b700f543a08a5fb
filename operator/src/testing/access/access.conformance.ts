// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { annotation, finalizer } from "../../api/names.ts";
import { collectionPath } from "../api-server-client.ts";
import { type Asker, type Attempt, may, mayNot } from "../attempts.ts";
import { completeObjects, renamed } from "../complete-objects.ts";
import type { AccessHost } from "./access-host.ts";
import { heartbeatNamespace, systemNamespace, tenantNamespace, who } from "./identities.ts";

const servers = collectionPath("servers", tenantNamespace);
const guests = collectionPath("guests", tenantNamespace);
const hypervisors = collectionPath("hypervisors");
const flavors = collectionPath("flavors");
const images = collectionPath("images", tenantNamespace);
const leases = `/apis/coordination.k8s.io/v1/namespaces/${heartbeatNamespace}/leases`;

const { server, guest, flavor, hypervisor, image } = completeObjects;
const lease = (name: string) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name },
  spec: { holderIdentity: name },
});
const metadata = (members: object) => ({ metadata: members });
const spec = (members: object) => ({ spec: members });
const status = { status: { observedGeneration: 1 } };
const owners = [{ apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x" }];
const abandon = { [annotation.abandon]: "true" };

const tenant: Asker = { who: "a tenant with every right", as: who.tenant };
const tenantPod: Asker = { who: "a tenant's pod on node-1", as: who.tenantPodOn("node-1") };
const operator: Asker = { who: "the operator", as: who.operator };
const agent: Asker = { who: "the agent of node-1", as: who.agentOf("node-1") };
const otherAgent: Asker = { who: "the agent of node-2", as: who.agentOf("node-2") };
const freeAgent: Asker = { who: "the agent's account without a node", as: who.agentOfNowhere };
const administrator: Asker = { who: "an administrator", as: who.administrator };
const collector: Asker = { who: "the garbage collector", as: who.garbageCollector };
const namespaces: Asker = { who: "the namespace controller", as: who.namespaceController };

const live = `${guests}/web-1`;
const dying = `${guests}/web-2`;
const unfinalized = metadata({ finalizers: null });
const labelled = metadata({ labels: { x: "y" } });

/** One host for all tests of a suite. */
interface World {
  host: AccessHost;
}

/**
 * In the tenants' namespace: Server `web`; on node-1 the Guests `web-1` and `web-2`, of which the
 * second is being deleted. Hypervisors node-1 and node-2, and the heartbeat of node-1.
 */
async function prepare(host: AccessHost): Promise<void> {
  const { administrator: admin, operator: controller } = who;
  await host.must(admin, "POST", servers, renamed(server, "web", { finalizers: [finalizer] }));
  await host.must(admin, "POST", images, renamed(image, "debian"));
  await host.must(admin, "POST", flavors, renamed(flavor, "m1.small"));
  for (const name of ["web-1", "web-2"]) {
    await host.must(controller, "POST", guests, renamed(guest, name, { finalizers: [finalizer] }));
  }
  await host.must(controller, "DELETE", `${guests}/web-2`);
  for (const name of ["node-1", "node-2"]) {
    await host.must(controller, "POST", hypervisors, renamed(hypervisor, name));
  }
  await host.must(who.agentOf("node-1"), "POST", leases, lease("node-1"));
}

/** Who may write what, demanded alike of a real API server with the chart in it and of the fake. */
export function describeAccessConformance(
  kind: "real" | "fake",
  makeHost: () => Promise<AccessHost>,
): void {
  describe(`the rights in a ${kind} API server`, () => {
    const world = {} as World;
    beforeAll(async () => {
      world.host = await makeHost();
      await prepare(world.host);
    });
    afterAll(() => world.host?.close());

    describeGuests(world);
    describeStatuses(world);
    describeServers(world);
    describeHeartbeats(world);
  });
}

function tryAll(world: World, attempts: readonly Attempt[]): void {
  test.each(attempts)("$who: $does", async (attempt) => {
    expect(await world.host.answerTo(attempt)).toMatch(attempt.refusal ?? /^accepted$/);
  });
}

function describeGuests(world: World): void {
  describe("Guests", () => {
    const not = mayNot(/kilonova-guests.* denied request: .*Server instead/);
    const byTenants = (one: Asker): Attempt[] => [
      may(one, "read them", "GET", guests),
      not(one, "make one", "POST", guests, renamed(guest, "new")),
      not(one, "change its spec", "PATCH", live, spec({ boot: 99 })),
      not(one, "change its labels", "PATCH", live, labelled),
      not(one, "change its annotations", "PATCH", live, metadata({ annotations: { x: "y" } })),
      not(one, "abandon it", "PATCH", live, metadata({ annotations: abandon })),
      not(one, "change its owners", "PATCH", live, metadata({ ownerReferences: owners })),
      not(one, "remove its finalizer", "PATCH", live, unfinalized),
      not(one, "remove the finalizer while it is deleted", "PATCH", dying, unfinalized),
      not(one, "delete it", "DELETE", live),
      not(one, "delete all", "DELETE", guests),
    ];
    tryAll(world, [
      may(operator, "make one", "POST", guests, renamed(guest, "new")),
      may(operator, "change its spec", "PATCH", live, spec({ runState: "Absent" })),
      may(operator, "remove its finalizer", "PATCH", live, unfinalized),
      may(operator, "delete it", "DELETE", live),
      ...[tenant, tenantPod].flatMap(byTenants),
      may(agent, "remove the finalizer while it is deleted", "PATCH", dying, unfinalized),
      not(agent, "remove the finalizer before", "PATCH", live, unfinalized),
      not(agent, "change a label on the way", "PATCH", dying, {
        ...metadata({ finalizers: null, labels: { x: "y" } }),
      }),
      not(agent, "change its spec", "PATCH", live, spec({ boot: 99 })),
      not(otherAgent, "remove the finalizer while it is deleted", "PATCH", dying, unfinalized),
      not(freeAgent, "remove the finalizer while it is deleted", "PATCH", dying, unfinalized),
      may(collector, "delete it", "DELETE", live),
      may(collector, "change its owners", "PATCH", live, metadata({ ownerReferences: owners })),
      not(collector, "change its labels", "PATCH", live, labelled),
      may(namespaces, "delete it", "DELETE", live),
      may(namespaces, "delete all", "DELETE", guests),
      may(administrator, "delete it", "DELETE", live),
      may(administrator, "remove its finalizer", "PATCH", live, unfinalized),
      not(administrator, "change its spec", "PATCH", live, spec({ boot: 99 })),
    ]);
  });
}

function describeStatuses(world: World): void {
  describe("statuses", () => {
    const ofServer = `${servers}/web/status`;
    const ofImage = `${images}/debian/status`;
    const ofFlavor = `${flavors}/m1.small/status`;
    const ofNode = (name: string): string => `${hypervisors}/${name}/status`;
    const ofGuest = `${live}/status`;
    const guestWithStatus = { ...renamed(guest, "web-1"), ...status };
    const operators = mayNot(/kilonova-statuses.*by Kilonova's operator alone/);
    const hosts = mayNot(/kilonova-statuses.*agent of that node alone/);
    const guestHosts = mayNot(/kilonova-statuses.*agent of its node alone/);
    const byRbac = mayNot(/is forbidden.*cannot (patch|update) resource/);
    tryAll(world, [
      may(operator, "a Server's", "PUT", ofServer, { ...renamed(server, "web"), ...status }),
      may(operator, "a Hypervisor's", "PATCH", ofNode("node-1"), status),
      byRbac(operator, "a Guest's", "PUT", ofGuest, guestWithStatus),
      operators(tenant, "a Server's", "PATCH", ofServer, status),
      operators(tenant, "an Image's", "PATCH", ofImage, status),
      guestHosts(tenant, "a Guest's", "PATCH", ofGuest, status),
      guestHosts(tenantPod, "a Guest's on its node", "PATCH", ofGuest, status),
      byRbac(tenant, "a Hypervisor's", "PATCH", ofNode("node-1"), status),
      operators(administrator, "a Server's", "PATCH", ofServer, status),
      operators(administrator, "an Image's", "PATCH", ofImage, status),
      operators(administrator, "a Flavor's", "PATCH", ofFlavor, status),
      hosts(administrator, "a Hypervisor's", "PATCH", ofNode("node-1"), status),
      guestHosts(administrator, "a Guest's", "PATCH", ofGuest, status),
      may(agent, "its Hypervisor's", "PATCH", ofNode("node-1"), status),
      hosts(agent, "another node's Hypervisor's", "PATCH", ofNode("node-2"), status),
      hosts(freeAgent, "a Hypervisor's", "PATCH", ofNode("node-1"), status),
      may(agent, "its Guest's", "PUT", ofGuest, guestWithStatus),
      guestHosts(otherAgent, "another node's Guest's", "PUT", ofGuest, guestWithStatus),
      guestHosts(freeAgent, "a Guest's", "PUT", ofGuest, guestWithStatus),
      byRbac(agent, "a Server's", "PATCH", ofServer, status),
    ]);
  });
}

function describeServers(world: World): void {
  describe("Servers", () => {
    const not = mayNot(/kilonova-servers.*may create servers\/abandon/);
    const web = `${servers}/web`;
    const mine = { finalizers: ["example.org/mine"] };
    const abandoned = metadata({ annotations: abandon });
    tryAll(world, [
      may(tenant, "make one", "POST", servers, renamed(server, "new", mine)),
      may(tenant, "change spec and labels", "PATCH", web, {
        ...spec({ powerState: "Running" }),
        ...labelled,
      }),
      may(tenant, "delete it", "DELETE", web),
      not(tenant, "remove our finalizer", "PATCH", web, metadata(mine)),
      not(tenant, "abandon it", "PATCH", web, abandoned),
      not(tenant, "make an abandoned one", "POST", servers, {
        ...renamed(server, "new", { annotations: abandon }),
      }),
      may(operator, "remove our finalizer", "PATCH", web, unfinalized),
      not(operator, "abandon it", "PATCH", web, abandoned),
      may(administrator, "remove our finalizer", "PATCH", web, unfinalized),
      may(administrator, "abandon it", "PATCH", web, abandoned),
    ]);
  });
}

function describeHeartbeats(world: World): void {
  describe("heartbeats", () => {
    const not = mayNot(/kilonova-heartbeats.*agent of the node of that name alone/);
    const byRbac = mayNot(/is forbidden.*cannot update resource/);
    const ofNode1 = `${leases}/node-1`;
    const unnamed = { ...lease(""), ...metadata({ generateName: "node-" }) };
    tryAll(world, [
      may(agent, "renew its own", "PUT", ofNode1, lease("node-1")),
      may(otherAgent, "make its own", "POST", leases, lease("node-2")),
      not(otherAgent, "renew another's", "PUT", ofNode1, lease("node-1")),
      not(freeAgent, "make one that the API server names", "POST", leases, unnamed),
      not(administrator, "renew one", "PUT", ofNode1, lease("node-1")),
      may(administrator, "delete one", "DELETE", ofNode1),
      may(namespaces, "delete all", "DELETE", leases),
      byRbac(operator, "renew one", "PUT", ofNode1, lease("node-1")),
    ]);

    test("are not what Leases of other namespaces are", async () => {
      const path = `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases`;
      const attempt = may(operator, "make one", "POST", path, lease("leader"));
      expect(await world.host.answerTo(attempt)).toBe("accepted");
    });
  });
}
