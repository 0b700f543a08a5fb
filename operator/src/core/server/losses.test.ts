// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { ServerWorld } from "../../testing/server-world.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

describe("a newer guest image", () => {
  const newer = "registry.example.org/guest:2";
  beforeEach(() => {
    world.settle();
    world.nowMs += 600_000;
  });

  test("leaves pods of running and stopped servers alone", () => {
    world.guestImage = newer;
    expect(world.plan().steps).toEqual([]);
    world.edit({ powerState: "Stopped" });
    world.settle();
    expect(world.pods).toMatchObject([{ guestImage: "registry.example.org/guest:1" }]);
  });

  test("is what the next start runs: the old pod is gone before the guest is asked for", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    world.guestImage = newer;
    world.edit({ powerState: "Running" });
    expect(world.kinds()).toEqual(["DeletePod", "WriteStatus"]);
    world.operate();
    expect(world.told("Ready")).toMatchObject({ status: "False", reason: "Progressing" });
    expect(world.plan().steps).toEqual([]);
    world.keepPods();
    expect(world.kinds()).toEqual(["PatchGuest", "WriteStatus", "CreatePod"]);
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(world.pods).toMatchObject([{ guestImage: newer }]);
    expect(world.host.disks.get("web-5e12e-1")).toBe(2);
  });

  test("is what a guest that crashed is started again in", () => {
    world.edit({ onCrash: "Restart" });
    world.settle();
    world.guestImage = newer;
    world.host.stop("web-5e12e-1", "Crash");
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
    expect(world.pods).toMatchObject([{ guestImage: newer }]);
  });

  test("takes no pod away on a host that does not answer", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    world.guestImage = newer;
    world.host.isUp = false;
    world.edit({ powerState: "Running" });
    expect(world.kinds()).toEqual(["WriteStatus"]);
    world.operate();
    expect(world.told("Ready")).toMatchObject({ reason: "HostUnreachable" });
    world.host.isUp = true;
    world.settle();
    expect(world.pods).toMatchObject([{ guestImage: newer }]);
  });
});

describe("what the API server does not take", () => {
  const refusal = { message: "exceeded quota: pods=0", ageSeconds: 0 };

  test("is told with its reason, is no try, and is made when it is taken", () => {
    world.operate(3);
    world.creationRefusal = refusal;
    world.settle();
    expect(world.told("Ready")).toMatchObject({
      reason: "PodRefused",
      message: "exceeded quota: pods=0",
    });
    world.nowMs += 60_000;
    world.settle();
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 15 });
    expect(world.status).not.toHaveProperty("refusedHosts");
    world.creationRefusal = { ...refusal, ageSeconds: 15 };
    expect(world.kinds()).toEqual(["CreatePod"]);
    world.creationRefusal = undefined;
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
  });
});

describe("a server that loses its pod or its host", () => {
  beforeEach(() => {
    world.settle();
    world.nowMs += 600_000;
  });

  test("gets another pod and runs again with the same disk", () => {
    const [old] = world.pods;
    world.losePod();
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(world.pods[0]?.uid).not.toBe(old?.uid);
    expect(world.guest.spec.boot).toBe(2);
  });

  test("runs again after its host restarted", () => {
    world.host.stop("web-5e12e-1", "Host");
    world.pods = world.pods.map((pod) => ({ ...pod, phase: "Failed" }));
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(world.host.disks.get("web-5e12e-1")).toBe(2);
  });

  test.each([
    [0, 2],
    [120, 30],
    [86_400, 60],
  ])("that is down for %i s replaces a pod that failed again after %i s", (downSeconds, wait) => {
    world.losePod();
    world.serve();
    world.operate();
    world.nowMs += downSeconds * 1000;
    const createdTime = new Date(world.nowMs).toISOString();
    world.pods = world.pods.map((pod) => ({ ...pod, phase: "Failed", createdTime }));
    world.operate();
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: wait });
    world.nowMs += wait * 1000;
    expect(world.kinds()).toContain("DeletePod");
  });

  test("keeps a stopped server's place by a pod", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    world.losePod();
    world.settle();
    expect(world.pods).toHaveLength(1);
    expect(world.status.phase).toBe("SHUTOFF");
  });
});

describe("a Guest that is lost", () => {
  beforeEach(() => world.settle());

  test("is made again for the same host and token, and the guest runs on", () => {
    const { domains } = world;
    world.guests = [];
    world.pods = [];
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(world.domains).toEqual(domains);
  });

  test("with its disk puts the server in ERROR: nothing is made anew in silence", () => {
    const node = world.host;
    world.guests = world.guests.map((one) => ({
      ...one,
      metadata: { ...one.metadata, deletionTimestamp: "2026-01-01T00:00:00Z", generation: 9 },
    }));
    world.settle();
    expect(node.disks.size).toBe(0);
    expect(world.status).toMatchObject({
      phase: "ERROR",
      run: { token: 1, state: "Released" },
      fault: { reason: "DiskLost" },
    });
    expect(world.domains).toEqual([]);
    world.delete();
    world.settle();
    expect(world.server).toBeUndefined();
  });

  test("and is refused when it comes again keeps what it has on its host", () => {
    const node = world.host;
    node.refusal = "no room";
    world.guests = [];
    world.settle();
    expect(node.disks.size).toBe(1);
    expect(world.guest.spec.runState).toBe("Running");
    expect(world.told("Ready")).toMatchObject({ reason: "ClaimRefused" });
  });

  test("with the disk is left for a person to look at when it still stands", () => {
    world.guests = [
      {
        ...world.guest,
        status: {
          domain: "Off",
          isReleased: true,
          observedGeneration: 1,
          claim: { state: "Accepted" },
        },
      },
    ];
    world.operate();
    expect(world.status).toMatchObject({ phase: "ERROR", run: { state: "Released" } });
    expect(world.plan().steps).toEqual([]);
  });

  test("to the status is not touched, and no other is made", () => {
    world.loseStatus();
    world.settle();
    expect(world.guests).toHaveLength(1);
    expect(world.domains).toHaveLength(1);
    expect(world.status.phase).toBe("PENDING");
    expect(world.told("Ready").message).toMatch(
      /^the run right was not given back yet by node-\d$/,
    );
  });
});
