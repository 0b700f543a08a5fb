// SPDX-License-Identifier: Apache-2.0
/**
 * A leader that does not know that it was replaced: it decides by caches from before its successor's
 * decisions. What it may do is held back by the hosts' own answers to claims.
 */
import { beforeEach, expect, test } from "vitest";
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

test("no host is given more than it has", async () => {
  const large = aFlavor({ spec: { rootDiskGib: 50 } });
  const flavor = { ...large, metadata: { name: "large" } };
  await cluster.kube.create(resources.flavors, flavor, { fieldManager: "administrator" });
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

test("no host has two of an anti-affine group", async () => {
  const { metadata, ...group } = aServerGroup();
  const { name, namespace = "" } = metadata;
  const object = { ...group, metadata: { name, namespace } };
  await cluster.kube.create(resources.serverGroups, object, { fieldManager: "user" });
  const names = Array.from({ length: 5 }, (_, index) => `web-${index}`);
  expect(await overlap(names, { serverGroup: "web" }, 3)).toBeGreaterThan(0);
  const hosts = (await acceptedGuests()).map(({ spec }) => spec.host);
  expect(hosts.toSorted()).toEqual(["node-1", "node-2", "node-3"]);
});
