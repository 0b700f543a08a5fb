// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import type { Server } from "../../api/kinds.ts";
import { aServer } from "../../testing/builders.ts";
import { ServerWorld } from "../../testing/server-world.ts";
import { readDefinition } from "../guest/network/definition.ts";
import { cardKeys } from "./attachments.ts";
import { conditionOf } from "../lib/condition-set.ts";

const mac = "52:54:00:00:00:02";
const storage = { name: "back", mac, networkAttachment: { name: "storage" } };
let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

const ready = () => conditionOf(world.status.conditions, "Ready");

function ask(networks: NonNullable<Server["spec"]["networks"]>): void {
  world.server = aServer({ spec: { networks } });
}

describe("a server on a network that is not there", () => {
  beforeEach(() => ask([{ name: "front", pod: {} }, storage]));

  test("waits without a host, says which, and is built when it is made", () => {
    world.settle();
    expect(world.status).toMatchObject({ phase: "PENDING" });
    expect(ready()).toMatchObject({ status: "False", reason: "NetworkAttachmentNotFound" });
    expect(ready()?.message).toContain("network back: namespace team has no");
    expect(ready()?.message).toContain("NetworkAttachmentDefinition storage");
    expect([world.guests, world.pods]).toEqual([[], []]);
    world.attachments.set("storage", readDefinition("storage"));
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("keeps its guest, gets no other pod when it loses the one it had, and goes on after", () => {
    world.attachments.set("storage", readDefinition("storage"));
    world.settle();
    world.attachments.clear();
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
    world.losePod();
    world.settle();
    world.wait(10);
    expect(world.status.phase).toBe("SHUTOFF");
    expect(ready()).toMatchObject({ status: "False", reason: "NetworkAttachmentNotFound" });
    expect(world.pods).toEqual([]);
    world.attachments.set("storage", readDefinition("storage"));
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
    expect(world.status.run?.token).toBe(1);
  });
});

describe("of two servers with one address on a network", () => {
  const other = (networks: Server["spec"]["networks"], time: string, uid = "b") =>
    aServer({
      metadata: { name: "other", uid, creationTimestamp: time },
      spec: { networks },
    });
  const earlier = "2025-01-01T00:00:00Z";
  const later = "2027-01-01T00:00:00Z";

  beforeEach(() => {
    world.attachments.set("storage", readDefinition("storage"));
    world.attachments.set("backup", readDefinition("backup"));
    ask([{ name: "front", pod: {} }, storage]);
  });

  test("the later one is told the field of both, and nothing is made of it until the other is gone", () => {
    world.neighbours = [{ server: other([storage], earlier), isGranted: false }];
    world.settle();
    expect(world.status.phase).toBe("PENDING");
    expect(ready()).toMatchObject({ status: "False", reason: "AddressInUse" });
    expect(ready()?.message).toContain(
      `server other was first with spec.networks[1].mac ${mac} (its spec.networks[0].mac) on NetworkAttachmentDefinition storage`,
    );
    expect([world.guests, world.pods]).toEqual([[], []]);
    world.neighbours = [];
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("an IP address is as good as taken by the spec as by what IPAM gave", () => {
    const address = "10.8.0.7/24";
    const back = { name: "back", networkAttachment: { name: "storage", address } };
    ask([back]);
    const theirs = { name: "data", networkAttachment: { name: "storage" } };
    const { status: _, ...fromIpam } = other([theirs], earlier);
    const addresses = [{ network: "data", address: "10.8.0.7", type: "fixed", mac } as const];
    for (const server of [
      other([{ ...theirs, networkAttachment: back.networkAttachment }], earlier),
      { ...fromIpam, status: { addresses } },
    ]) {
      world.neighbours = [{ server, isGranted: true }];
      expect(conditionOf(world.plan().status.conditions, "Ready")?.message).toContain(
        "server other was first with spec.networks[0].networkAttachment.address 10.8.0.7",
      );
    }
  });

  test("the one that has the right to run stays, however young it is", () => {
    world.neighbours = [{ server: other([storage], later), isGranted: true }];
    world.settle();
    expect(ready()?.reason).toBe("AddressInUse");
  });

  test.each([
    ["the other one is younger", { networks: [storage], time: later }],
    [
      "they are on different networks",
      { networks: [{ ...storage, networkAttachment: { name: "backup" } }], time: earlier },
    ],
    [
      "the other's is on its pod network",
      { networks: [{ name: "a", mac, pod: {} }], time: earlier },
    ],
  ])("neither is in the way when %s", (_, { networks, time }) => {
    world.neighbours = [{ server: other(networks, time), isGranted: false }];
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("exactly one goes on of two that were made in the same second", () => {
    const [one, two] = ["a", "b"].map((uid) =>
      aServer({ metadata: { name: uid, uid }, spec: { networks: [storage] } }),
    ) as [Server, Server];
    const isRefused = (server: Server, neighbour: Server): boolean => {
      world.server = server;
      world.neighbours = [{ server: neighbour, isGranted: false }];
      return conditionOf(world.plan().status.conditions, "Ready")?.reason === "AddressInUse";
    };
    expect([isRefused(one, two), isRefused(two, one)]).toEqual([false, true]);
  });
});

test("a server is found by what it has on networks of Multus: hardware address, and what it asks for or was given", () => {
  const asking = { name: "storage", address: "10.8.0.7/24" };
  const given = { network: "spare", address: "10.9.0.1", type: "fixed", mac } as const;
  const server = aServer({
    spec: {
      networks: [
        { name: "front", pod: {} },
        { ...storage, networkAttachment: asking },
        { name: "spare", mac, networkAttachment: { name: "backup" } },
      ],
    },
    status: { addresses: [given, { ...given, network: "front", address: "10.0.2.2" }] },
  });
  expect(cardKeys(server)).toEqual([
    `team/storage ${mac}`,
    "team/storage 10.8.0.7",
    `team/backup ${mac}`,
    "team/backup 10.9.0.1",
  ]);
});
