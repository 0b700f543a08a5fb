// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { ServerWorld } from "../../../testing/server-world.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

describe("a server that is deleted", () => {
  test("is gone at once when it was never granted a run", () => {
    world.flavor = undefined;
    world.settle();
    world.delete();
    expect(world.server).toBeUndefined();
  });

  test("goes when its host destroyed the disk", () => {
    world.settle();
    const node = world.host;
    world.delete();
    world.operate();
    expect(world.status).toMatchObject({ phase: "ACTIVE", taskState: "deleting" });
    expect(world.told("Ready")).toMatchObject({ reason: "Deleting" });
    world.writes["WriteStatus"] = 0;
    world.settle();
    expect(world.writes["WriteStatus"]).toBe(0);
    expect(world.server).toBeUndefined();
    expect(world.guests).toEqual([]);
    expect(node.disks.size).toBe(0);
    expect(world.domains).toEqual([]);
  });

  test("makes nothing new, even when half of it was never made", () => {
    world.operate(2);
    world.delete();
    expect(world.kinds()).toEqual(["RemoveFinalizer"]);
  });

  test("with its namespace gives its guest up at once, and makes nothing new there", () => {
    world.settle();
    world.isNamespaceLeaving = true;
    world.losePod();
    expect(world.kinds()).toEqual(["DeleteGuest", "WriteStatus"]);
    for (let pass = 0; pass < 5; pass += 1) {
      world.operate();
      world.serve();
    }
    expect(world.guests).toEqual([]);
    expect(world.pods).toEqual([]);
  });

  test("stays with the reason while its host does not answer", () => {
    world.settle();
    const node = world.host;
    node.isUp = false;
    world.delete();
    world.wait(86_400);
    expect(world.server).toBeDefined();
    expect(world.told("Ready").message).toContain(
      `${node.name} must destroy the disk and does not answer`,
    );
    node.isUp = true;
    world.settle();
    expect(world.server).toBeUndefined();
  });

  test("lets go of a silent host when an administrator gives the disk up", () => {
    world.settle();
    world.host.isUp = false;
    world.abandon();
    world.settle();
    expect(world.server).toBeUndefined();
  });

  test("does not let go of a host that answers, whatever the annotation says", () => {
    world.settle();
    world.abandon();
    expect(world.kinds()).toEqual(["DeleteGuest", "WriteStatus"]);
  });
});
