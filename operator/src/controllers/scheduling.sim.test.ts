// SPDX-License-Identifier: Apache-2.0
/** Where the operator puts servers in a cluster of three hosts, and what it says of it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HostAggregate, ServerGroup } from "../api/kinds.ts";
import { resources } from "../ports/kube.ts";
import { aFlavor, anAggregate, aServerGroup } from "../testing/builders.ts";
import type { FakeCluster } from "../testing/fake-cluster.ts";
import { startOperatedCluster } from "../testing/operated-cluster.ts";
import type { OperatorProcess } from "../testing/operator-process.ts";

let cluster: FakeCluster;
let operator: OperatorProcess;
const writer = { fieldManager: "administrator" };

beforeEach(async () => {
  ({ cluster, operator } = await startOperatedCluster());
});

afterEach(() => operator.stopFaultless());

const statusOf = async (name: string) => (await cluster.server(name))?.status;
const hostOf = async (name: string) => (await statusOf(name))?.hypervisor;
const isActive = async (name: string) => (await statusOf(name))?.phase === "ACTIVE";
const fresh = <T extends ServerGroup | HostAggregate>({ metadata, ...object }: T) => ({
  ...object,
  metadata: {
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  },
});

async function untilActive(...names: string[]): Promise<void> {
  await cluster.until(`${names.join()} run`, async () => {
    const all = await Promise.all(names.map(isActive));
    return all.every(Boolean);
  });
}

test("members of an anti-affine group are on three hosts, and the fourth waits for one to go", async () => {
  await cluster.kube.create(resources.serverGroups, fresh(aServerGroup()), writer);
  const names = ["web-1", "web-2", "web-3"];
  await Promise.all(names.map((name) => cluster.createServer({ serverGroup: "web" }, name)));
  await untilActive(...names);
  const hosts = await Promise.all(names.map(hostOf));
  expect(new Set(hosts).size).toBe(3);
  await cluster.createServer({ serverGroup: "web" }, "web-4");
  await cluster.until("the fourth is refused", async () => {
    return (await statusOf("web-4"))?.phase === "PENDING";
  });
  const told = await statusOf("web-4");
  expect(told?.conditions?.[0]).toMatchObject({
    reason: "NoValidHost",
    message: "0 of 3 hypervisors: 3 have members of its group",
  });
  const events = await cluster.list(resources.events);
  expect(events.map(({ note }) => note)).toContain(
    "0 of 3 hypervisors: 3 have members of its group",
  );
  await cluster.until("the group tells of them", async () => {
    const [group] = await cluster.list(resources.serverGroups);
    return group?.status?.memberCount === 4 && Object.keys(group.status.spread ?? {}).length === 3;
  });
  const [group] = await cluster.list(resources.serverGroups);
  expect(group?.status?.conditions).toMatchObject([{ type: "Satisfied", status: "True" }]);
  await cluster.kube.delete(resources.servers, { namespace: "team", name: "web-2" });
  await untilActive("web-4");
  expect(await hostOf("web-4")).toBe(hosts[1]);
});

test("a group that is not there is waited for", async () => {
  await cluster.createServer({ serverGroup: "web" });
  await cluster.until("it waits", async () => {
    const server = await cluster.server();
    return server?.status?.conditions?.[0]?.reason === "ServerGroupNotFound";
  });
  await cluster.kube.create(resources.serverGroups, fresh(aServerGroup()), writer);
  await cluster.until("ACTIVE", () => cluster.isSettled("ACTIVE"));
  const [guest] = await cluster.list(resources.guests);
  expect(guest?.spec.group).toEqual({
    name: "web",
    rule: { policy: "anti-affinity", topology: "Host", place: guest?.spec.host, serversMax: 1 },
  });
});

test("an aggregate gives its hosts a zone and traits, and says which they are", async () => {
  await cluster.kube.patch(
    resources.nodes,
    { name: "node-2" },
    { metadata: { labels: { rack: "b" } } },
    writer,
  );
  const nodeSelector = { matchLabels: { rack: "b" } };
  const aggregate = anAggregate("rack-b", { nodeSelector, availabilityZone: "east" });
  await cluster.kube.create(resources.hostAggregates, fresh(aggregate), writer);
  await cluster.createServer({ availabilityZone: "east" });
  await cluster.until("ACTIVE", () => cluster.isSettled("ACTIVE"));
  expect((await cluster.server())?.status).toMatchObject({
    hypervisor: "node-2",
    availabilityZone: "east",
    pinnedAvailabilityZone: "east",
  });
  await cluster.until("the aggregate names its host", async () => {
    const [found] = await cluster.list(resources.hostAggregates);
    return found?.status?.hosts?.join() === "node-2";
  });
  const move = { spec: { availabilityZone: "west" } };
  await cluster.kube.patch(resources.hostAggregates, { name: "rack-b" }, move, writer);
  await cluster.until("both say that the server is pinned to the zone before", async () => {
    const [found] = await cluster.list(resources.hostAggregates);
    const { conditions = [] } = (await cluster.server())?.status ?? {};
    const reasons = [...(found?.status?.conditions ?? []), ...conditions].map((one) => one.reason);
    return ["ServersPinnedElsewhere", "HostLeftZone"].every((one) => reasons.includes(one));
  });
  expect(await cluster.isSettled("ACTIVE")).toBe(true);
  expect((await cluster.server())?.status?.hypervisor).toBe("node-2");
});

test("a flavor says how many hosts could take a server of it, at most every 30 s", async () => {
  const { name, ...spec } = { name: "huge", vcpus: 8, memoryMib: 9000, rootDiskGib: 1 };
  const flavor = aFlavor({ spec });
  await cluster.kube.create(resources.flavors, { ...flavor, metadata: { name } }, writer);
  const candidates = async () => {
    const flavors = await cluster.list(resources.flavors);
    return flavors.find(({ metadata }) => metadata.name === name)?.status?.candidates;
  };
  await cluster.until("it is counted", async () => (await candidates()) === 3);
  cluster.kube.writes.length = 0;
  await Promise.all(["a", "b"].map((one) => cluster.createServer({ flavor: name }, one)));
  await untilActive("a", "b");
  await cluster.until("it is counted again", async () => (await candidates()) === 1);
  const writes = cluster.kube.writes.filter(({ kind }) => kind === "Flavor");
  // One for each of the two flavors.
  expect(writes.length).toBeLessThanOrEqual(2);
});
