// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { aFlavor, anImage, aServer } from "../../testing/builders.ts";
import { ServerWorld } from "../../testing/server-world.ts";
import { conditionOf } from "../lib/condition-set.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

describe("a running server", () => {
  beforeEach(() => world.settle());

  test("is shut down when its spec says so, and keeps run right, claim and pod", () => {
    const { run, allocation } = world.status;
    world.edit({ powerState: "Stopped" });
    expect(world.kinds()).toEqual(["PatchGuest", "WriteStatus"]);
    world.operate();
    expect(world.status).toMatchObject({ phase: "ACTIVE", taskState: "powering-off" });
    world.settle();
    expect(world.status).toMatchObject({
      phase: "SHUTOFF",
      powerState: "SHUTDOWN",
      powerStateApplied: "Stopped",
      stoppedBy: "User",
      run,
      allocation,
    });
    expect(world.pods).toHaveLength(1);
    expect(world.told("Ready")).toMatchObject({ status: "True", reason: "PoweredOff" });
  });

  test("is started by a boot above the last that its host knows of", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    const known = { ...world.guest.status, boot: 7 };
    world.guests = [{ ...world.guest, status: known }];
    world.edit({ powerState: "Running" });
    world.operate();
    expect(world.guest.spec.boot).toBe(8);
  });

  test("is started again with the same disk", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    world.edit({ powerState: "Running", hostname: "renamed" });
    world.operate();
    expect(world.status).toMatchObject({ phase: "SHUTOFF", taskState: "powering-on" });
    expect(world.guest.spec).toMatchObject({ boot: 2, domain: { hostname: "renamed" } });
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(world.host.disks.get("web-5e12e-1")).toBe(2);
  });

  test("is not started while it still shuts down", () => {
    world.edit({ powerState: "Stopped" });
    world.operate();
    world.edit({ powerState: "Running" });
    expect(world.kinds()).toEqual(["WriteStatus"]);
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", powerStateApplied: "Running" });
    expect(world.guest.spec.boot).toBe(2);
  });

  test("whose host does not answer is not started elsewhere", () => {
    world.host.isUp = false;
    world.wait(3600);
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(world.told("Ready")).toMatchObject({ status: "Unknown", reason: "HostUnreachable" });
    expect(world.guests).toHaveLength(1);
  });

  test("whose vCPUs stand still is not ready, and says where to look", () => {
    const paused = { ...world.guest.status, domain: "Paused" } as const;
    world.guests = [{ ...world.guest, status: paused }];
    world.operate();
    expect(world.status).toMatchObject({ phase: "ACTIVE", powerState: "PAUSED" });
    expect(world.told("Ready")).toMatchObject({ status: "False", reason: "GuestPaused" });
  });

  test("tells that another flavor would be a resize, once", () => {
    world.edit({ flavor: "m1.large" });
    world.flavor = undefined;
    world.settle();
    const { conditions, lastApplied } = world.status;
    expect(conditionOf(conditions, "Drifted")).toMatchObject({ reason: "ResizeNotOffered" });
    expect(lastApplied?.flavor).toMatchObject({ value: "m1.large", outcome: "Refused" });
    world.edit({ hostname: "other" });
    world.settle();
    expect(world.status.lastApplied).toEqual(lastApplied);
    world.edit({ flavor: "m1.small" });
    world.settle();
    expect(conditionOf(world.status.conditions, "Drifted")).toBeUndefined();
    expect(world.status.lastApplied?.flavor?.outcome).toBe("Applied");
  });

  test("is not touched by a flavor that was made anew, and says so", () => {
    world.flavor = aFlavor({ metadata: { uid: "another" }, spec: { vcpus: 4 } });
    world.settle();
    expect(conditionOf(world.status.conditions, "FlavorDrift")?.status).toBe("True");
    expect(world.status.flavor?.vcpus).toBe(2);
  });

  test("is not rebuilt for another image, and says so", () => {
    world.edit({ image: { name: "debian-14" } });
    world.settle();
    expect(conditionOf(world.status.conditions, "RebuildRequired")?.message).toContain("debian-14");
    world.edit({ image: { name: "debian" } });
    world.settle();
    expect(conditionOf(world.status.conditions, "RebuildRequired")).toBeUndefined();
    const http = { url: "http://images.example.org/x", checksum: `sha256:${"1".repeat(64)}` };
    world.image = anImage({ spec: { source: { http } } });
    world.settle();
    expect(conditionOf(world.status.conditions, "RebuildRequired")?.message).toContain(
      "other bytes",
    );
  });
});

describe("a network whose MTU changed under the guest", () => {
  const told = { name: "default", mac: "", mtu: 1450, addresses: [], reachedAt: [] };

  test("is told with what the guest has, for as long as the guest runs with that", () => {
    world.settle();
    const connected = { ...world.guest, status: { ...world.guest.status, networks: [told] } };
    world.guests = [connected];
    expect(conditionOf(world.plan().status.conditions, "RestartRequired")).toBeUndefined();
    const networks = [{ ...told, networkMtu: 1400 }];
    world.guests = [{ ...connected, status: { ...connected.status, networks } }];
    const condition = conditionOf(world.plan().status.conditions, "RestartRequired");
    expect(condition).toMatchObject({ status: "True", reason: "MtuChanged" });
    expect(condition?.message).toContain("MTU of network default is 1400, the guest has 1450");
    world.guests = [{ ...connected, status: { ...connected.status, networks, domain: "Off" } }];
    expect(conditionOf(world.plan().status.conditions, "RestartRequired")).toBeUndefined();
  });
});

describe("a guest that stops by itself", () => {
  beforeEach(() => world.settle());

  test.each([
    ["Guest", "SHUTDOWN", "GuestShutdown"],
    ["Crash", "CRASHED", "GuestCrashed"],
  ] as const)("by %s stays off by default", (cause, powerState, reason) => {
    world.host.stop("web-5e12e-1", cause);
    world.wait(3600);
    expect(world.status).toMatchObject({ phase: "SHUTOFF", powerState, stoppedBy: cause });
    expect(world.told("Ready")).toMatchObject({ status: "False", reason });
    expect(world.guest.spec.boot).toBe(1);
  });

  test.each([
    ["Guest", { onGuestShutdown: "Restart" }],
    ["Crash", { onCrash: "Restart" }],
  ] as const)("by %s is started again when the spec says so", (cause, spec) => {
    world.edit(spec);
    world.nowMs += 60_000;
    world.host.stop("web-5e12e-1", cause);
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
    expect(world.guest.spec.boot).toBe(2);
  });

  test("as soon as it runs is not started more often than every ten seconds", () => {
    world.edit({ onCrash: "Restart" });
    world.host.stop("web-5e12e-1", "Crash");
    world.settle();
    expect(world.status.phase).toBe("SHUTOFF");
    expect(world.plan().againAfterSeconds).toBe(10);
    world.wait(10);
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("is started by going to Stopped and back", () => {
    world.host.stop("web-5e12e-1", "Guest");
    world.settle();
    world.edit({ powerState: "Stopped" });
    world.settle();
    expect(world.told("Ready")).toMatchObject({ status: "True", reason: "PoweredOff" });
    world.edit({ powerState: "Running" });
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });
});

test("a guest that began and ended before the operator looked is started again", () => {
  world.operate();
  for (let pass = 0; pass < 3; pass += 1) {
    world.serve();
    world.keepPods();
  }
  world.host.stop("web-5e12e-1", "Pod");
  world.serve();
  expect(world.status.phase).toBe("BUILD");
  world.nowMs += 60_000;
  world.settle();
  expect(world.status.phase).toBe("ACTIVE");
  expect(world.guest.spec.boot).toBe(2);
});

describe("errors of the host", () => {
  test("that only the owner can cure put a new server in ERROR", () => {
    world.operate();
    const error = {
      reason: "ImageTooLarge",
      message: "10 GiB into 1",
      time: "2026-01-01T00:00:00Z",
    };
    world.guests = [{ ...world.guest, status: { claim: { state: "Accepted" }, error } }];
    world.operate();
    expect(world.status).toMatchObject({ phase: "ERROR", fault: { reason: "ImageTooLarge" } });
    const message = `image debian on ${world.status.hypervisor}: 10 GiB into 1`;
    expect(world.told("Ready")).toMatchObject({ status: "False", message });
  });

  test("that may pass leave it building, with the reason", () => {
    world.operate();
    const error = { reason: "ImageFetchFailed", message: "404", time: "2026-01-01T00:00:00Z" };
    world.guests = [{ ...world.guest, status: { claim: { state: "Accepted" }, error } }];
    world.operate();
    expect(world.status).toMatchObject({ phase: "BUILD", taskState: "spawning" });
    const message = `image debian on ${world.status.hypervisor}: 404`;
    expect(world.told("Ready")).toMatchObject({ reason: "ImageFetchFailed", message });
  });
});

test("a server that nobody observed yet has no status to keep", () => {
  world.server = aServer({ status: {} });
  world.settle();
  expect(world.status.timings?.createdTime).toBe("2026-01-01T00:00:00Z");
});

test("what was refused to one leader and made by another is no trouble any more", () => {
  world.settle();
  world.creationRefusal = { message: "web-5e12e-1 already exists", ageSeconds: 1 };
  expect(world.plan().steps).toEqual([]);
  expect(world.told("Ready")).toMatchObject({ status: "True" });
});
