// SPDX-License-Identifier: Apache-2.0
/**
 * A leader that does not know that it was replaced: it decides by caches from before its successor's
 * decisions. What it may do is held back by the hosts' own answers to claims.
 */
import { beforeEach, expect, test } from "vitest";
import type { Flavor, ServerGroup } from "../api/kinds.ts";
import { addUp, capacityOf } from "../core/placement/inventory.ts";
import { resources } from "../ports/kube.ts";
import { aFlavor, aServerGroup } from "../testing/builders.ts";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { interceptKube } from "../testing/intercepted-kube.ts";
import { OperatorProcess } from "../testing/operator-process.ts";

let cluster: FakeCluster;

beforeEach(async () => {
  cluster = new FakeCluster();
  await cluster.prepare();
});

/** Sees of Servers and Guests only what there was at its start, and begins when it is let go. */
function outdatedOperator(): { readonly process: OperatorProcess; readonly letGo: () => void } {
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const never = new Promise<void>(() => {});
  const kube = interceptKube(cluster.kube, {
    before({ verb, kind }) {
      if (verb === "watch" && (kind === "Server" || kind === "Guest")) return never;
      // It holds its breath until then: whoever reads may, who decides or writes waits.
      const isReading =
        verb === "list" || verb === "watch" || (verb === "get" && kind !== "Server");
      return isReading ? undefined : gate;
    },
  });
  const { clock, random } = cluster;
  return { process: new OperatorProcess({ kube, clock, random }), letGo };
}

async function phases(): Promise<string[]> {
  const servers = await cluster.list(resources.servers);
  return servers.map(({ status }) => status?.phase ?? "new");
}

/** So many have a place and run, the others wait. */
const untilPlaced = (count: number): Promise<void> =>
  cluster.until(`${count} run, the others wait`, async () => {
    const found = await phases();
    const guests = await cluster.list(resources.guests);
    const isSettled = found.every((phase) => phase === "ACTIVE" || phase === "PENDING");
    return isSettled && guests.length === count;
  });

/**
 * The successor places as many as there are places for, then the outdated one decides about the others,
 * then a third one leads. Returns how many incarnations the outdated one made.
 */
async function overlap(servers: readonly string[], spec: object, places: number): Promise<number> {
  await Promise.all(servers.map((name) => cluster.createServer(spec, name)));
  const outdated = outdatedOperator();
  const successor = new OperatorProcess(cluster);
  await untilPlaced(places);
  await successor.stop();
  outdated.letGo();
  let made = 0;
  await cluster.until("the outdated one has decided", async () => {
    made = (await cluster.list(resources.guests)).length - places;
    return made > 0;
  });
  outdated.process.kill();
  const third = new OperatorProcess(cluster);
  await untilPlaced(places);
  await third.stop();
  return made;
}

async function acceptedGuests() {
  const guests = await cluster.list(resources.guests);
  return guests.filter(({ status }) => status?.claim?.state === "Accepted");
}

async function createFlavor(spec: Partial<Flavor["spec"]>): Promise<void> {
  const flavor = { ...aFlavor({ spec }), metadata: { name: "large" } };
  await cluster.kube.create(resources.flavors, flavor, { fieldManager: "administrator" });
}

test("no host is given more than it has", async () => {
  await createFlavor({ rootDiskGib: 50 });
  const names = Array.from({ length: 9 }, (_, index) => `server-${index}`);
  expect(await overlap(names, { flavor: "large" }, 6)).toBeGreaterThan(0);
  const accepted = await acceptedGuests();
  // Two of 50 GiB on each of three hosts with 100 GiB.
  expect(accepted).toHaveLength(6);
  for (const { metadata, status } of await cluster.list(resources.hypervisors)) {
    const held = accepted.filter(({ spec }) => spec.host === metadata.name);
    const used = addUp(held.map(({ spec }) => spec.resources));
    for (const [name, amount] of Object.entries(used)) {
      const inventory = status?.inventory?.[name];
      expect(amount).toBeLessThanOrEqual(inventory === undefined ? 0 : capacityOf(inventory));
    }
  }
});

async function createGroup(spec: Partial<ServerGroup["spec"]>): Promise<void> {
  const { metadata, ...group } = aServerGroup(spec);
  const { name, namespace = "" } = metadata;
  const object = { ...group, metadata: { name, namespace } };
  await cluster.kube.create(resources.serverGroups, object, { fieldManager: "user" });
}

const members = Array.from({ length: 5 }, (_, index) => `web-${index}`);

async function hostsTaken(): Promise<string[]> {
  return (await acceptedGuests()).map(({ spec }) => spec.host).toSorted();
}

test("no host has two of an anti-affine group", async () => {
  await createGroup({});
  expect(await overlap(members, { serverGroup: "web" }, 3)).toBeGreaterThan(0);
  expect(await hostsTaken()).toEqual(["node-1", "node-2", "node-3"]);
});

test("no zone has two of a group that is kept apart by zones", async () => {
  const zones = { "node-1": "east", "node-2": "east", "node-3": "west" };
  for (const [name, zone] of Object.entries(zones)) {
    const change = { metadata: { labels: { "topology.kubernetes.io/zone": zone } } };
    await cluster.kube.patch(resources.nodes, { name }, change, { fieldManager: "administrator" });
  }
  await createGroup({ topology: "Zone" });
  expect(await overlap(members, { serverGroup: "web" }, 2)).toBeGreaterThan(0);
  const taken = await hostsTaken();
  expect(taken).toHaveLength(2);
  expect(taken).toContain("node-3");
});

test("no member of an affine group is on another host than the others", async () => {
  await createFlavor({ rootDiskGib: 50 });
  await createGroup({ policy: "affinity" });
  // Two of 50 GiB fill the host with 100 GiB: the others have to wait, though other hosts are empty.
  const spec = { serverGroup: "web", flavor: "large" };
  expect(await overlap(members, spec, 2)).toBeGreaterThan(0);
  const [one, other, ...more] = await hostsTaken();
  expect(more).toEqual([]);
  expect(one).toBe(other);
});
