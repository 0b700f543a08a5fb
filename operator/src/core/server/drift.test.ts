// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { aServerGroup } from "../../testing/builders.ts";
import { ServerWorld } from "../../testing/server-world.ts";
import { conditionOf } from "../lib/condition-set.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

const ready = () => world.told("Ready");

test("the Guest of a member of a group tells of another zone when its host comes into one", () => {
  const place = () => world.guests[0]?.spec.group?.rule?.place;
  for (const node of world.nodes) node.zone = "east";
  world.serverGroup = aServerGroup({ topology: "Zone" });
  world.edit({ serverGroup: "web" });
  world.settle();
  expect(place()).toBe("east");
  for (const node of world.nodes) node.zone = "west";
  world.settle();
  expect(place()).toBe("west");
  expect(world.status.phase).toBe("ACTIVE");
  // What is not known for a moment changes nothing.
  for (const node of world.nodes) node.zone = undefined;
  world.settle();
  expect(place()).toBe("west");
});

describe("a server that asks for a zone", () => {
  const pinned = () => world.status.pinnedAvailabilityZone;
  const drift = () => conditionOf(world.status.conditions, "Drifted");

  test("goes to a host of that zone, and is pinned to it", () => {
    world.node("node-3").zone = "east";
    world.edit({ availabilityZone: "east" });
    world.settle();
    expect(world.status).toMatchObject({ hypervisor: "node-3", availabilityZone: "east" });
    expect(pinned()).toBe("east");
  });

  test("waits while no host is in it", () => {
    world.edit({ availabilityZone: "west" });
    world.settle();
    expect(ready()).toMatchObject({
      reason: "NoValidHost",
      message: "0 of 4 hypervisors: 4 are not in zone west",
    });
    world.node("node-2").zone = "west";
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", hypervisor: "node-2" });
  });

  test("stays where it is when its host comes into another zone, and says so", () => {
    world.node("node-3").zone = "east";
    world.edit({ availabilityZone: "east" });
    world.settle();
    world.node("node-3").zone = "west";
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", hypervisor: "node-3" });
    expect(pinned()).toBe("east");
    expect(drift()).toMatchObject({
      reason: "HostLeftZone",
      message:
        "the server is pinned to zone east, but its host node-3 is in zone west now; it stays there: bring the host back into its zone, or ask for zone west",
    });
    world.edit({ availabilityZone: "west" });
    world.settle();
    expect(pinned()).toBe("west");
    expect(drift()).toBeUndefined();
  });

  test("may be unpinned, and pinned to where it is, but goes nowhere else by itself", () => {
    world.node("node-3").zone = "east";
    world.edit({ availabilityZone: "east" });
    world.settle();
    world.edit({ availabilityZone: "west" });
    world.settle();
    expect(pinned()).toBe("east");
    expect(drift()).toMatchObject({ status: "True", reason: "ZoneChangeNotOffered" });
    const { server } = world;
    if (server === undefined) throw new Error("the Server is gone");
    const { availabilityZone: _, ...unpinned } = server.spec;
    world.server = { ...server, spec: unpinned };
    world.settle();
    expect(pinned()).toBeUndefined();
    expect(drift()).toBeUndefined();
    world.edit({ availabilityZone: "east" });
    world.settle();
    expect(pinned()).toBe("east");
    expect(world.status.hypervisor).toBe("node-3");
  });
});
