// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { Refused, TimedOut, Unavailable } from "../../ports/errors.ts";
import { errorOf } from "../../adapters/libvirt/errors.ts";
import { type ObjectRef, resources as kinds } from "../../ports/kube.ts";
import { aGuest } from "../../testing/builders.ts";
import type { FakePod } from "../../testing/fake-pods.ts";
import { GuestWorld } from "../../testing/guest-world.ts";

const { server, token, domain } = aGuest().spec;
const incarnation = { serverUid: server.uid, token };

let world: GuestWorld;
let ref: ObjectRef;
let pod: FakePod;

beforeEach(() => {
  world = new GuestWorld();
});

afterEach(() => {
  world.killAgent();
  const complaint = world.log.lines.find(({ level }) => level === "error");
  if (complaint !== undefined) throw new Error(complaint.message, { cause: complaint });
});

/** A guest that runs its first boot. */
async function boot(): Promise<void> {
  world.startAgent();
  ref = await world.create();
  pod = world.startPod(ref);
  await expectSoon({ domain: "Running", boot: 1 });
}

/** The agent comes to say this of the guest as its spec is now. */
async function expectSoon(expected: Partial<GuestStatus>): Promise<void> {
  expect(await world.untilStatus(ref, expected)).toMatchObject(expected);
}

describe("a guest that shall run", () => {
  test("is running after two writes when image and pod are there", async () => {
    world.startAgent();
    await world.clock.advance(1000);
    world.cache.images.set(aGuest().spec.image.http.checksum, {
      digest: aGuest().spec.image.http.checksum,
      bytes: 1,
      usedMs: 0,
    });
    ref = await world.create();
    pod = world.startPod(ref);
    await expectSoon({ domain: "Running" });
    const status = await world.status(ref);
    const writes = world.kube.writes.filter(({ verb }) => verb === "updateStatus");
    expect(writes).toHaveLength(2);
    expect(status).toMatchObject({
      claim: { state: "Accepted" },
      boot: 1,
      bootId: "boot-1",
      imageDigest: aGuest().spec.image.http.checksum,
      machine: { cpuModel: "maximum", virtType: "qemu", firmware: "bios", guestImage: "guest-1" },
    });
    expect(status.step).toBeUndefined();
  });

  test("finds its own base image, and no other, where its pod looks for it", async () => {
    await boot();
    expect(world.files.bases(incarnation)).toEqual([aGuest().spec.image.http.checksum]);
  });

  test("is off when it ended before anybody could tell that it ran", async () => {
    world.startAgent();
    ref = await world.create();
    pod = world.startPod(ref);
    const isRunning = () => world.domain(ref)?.status.state === "running";
    world.onKubeCall = ({ verb }) => {
      if (verb === "updateStatus" && isRunning()) throw new Unavailable("no API server");
    };
    await world.until(async () => isRunning());
    expect((await world.status(ref)).domain).toBe("Starting");
    world.domain(ref)?.killQemu();
    await expectSoon({ domain: "Off", boot: 1, stoppedBy: "Crash" });
  });

  test("has its image fetched, and says so meanwhile", async () => {
    let finish = (): void => {};
    world.cache.onFetch = () =>
      new Promise((resolve) => {
        finish = () => resolve(undefined);
      });
    world.startAgent();
    ref = await world.create();
    pod = world.startPod(ref);
    await expectSoon({ step: "FetchingImage", domain: "Off" });
    expect(world.domain(ref)).toBeUndefined();
    finish();
    await expectSoon({ domain: "Running" });
    expect(world.cache.fetches).toHaveLength(1);
  });

  test("waits for its pod, says so when that takes long, and starts as soon as it is there", async () => {
    world.startAgent();
    ref = await world.create();
    await expectSoon({ step: "WaitingForPod", domain: "Off" });
    pod = world.startPod(ref);
    await expectSoon({ domain: "Running" });
  });

  test("waits for a Secret that its pod misses, says which, and starts when it is made", async () => {
    world.startAgent();
    ref = await world.create();
    pod = world.startPod(ref);
    pod.metadata = { kind: "waiting", message: "spec.userData: Secret a, key b is not there" };
    await expectSoon({ step: "WaitingForPod", domain: "Off" });
    expect((await world.status(ref)).error).toMatchObject({
      reason: "MetadataIncomplete",
      message: "spec.userData: Secret a, key b is not there",
    });
    expect(world.domain(ref)).toBeUndefined();
    pod.metadata = { kind: "ready" };
    await expectSoon({ domain: "Running" });
    expect((await world.status(ref)).error).toBeUndefined();
  });

  test("is not written to any more once it runs, whatever time passes", async () => {
    await boot();
    const writes = world.kube.writes.length;
    await world.clock.advance(600_000);
    expect(world.kube.writes).toHaveLength(writes);
  });

  test("starts only after the API server took the word of it", async () => {
    await boot();
    expect(world.runs).toEqual(new Map([[`${ref.name}/1`, new Set([world.domain(ref)?.pid])]]));
  });

  test("is refused when the host has no room, and nothing of it is made", async () => {
    world.startAgent();
    const resources = { VCPU: 2, MEMORY_MB: 1_000_000, DISK_GB: 10 };
    ref = await world.create({ spec: { resources } });
    pod = world.startPod(ref);
    await expectSoon({ domain: "Off" });
    const status = await world.status(ref);
    expect(status.claim).toMatchObject({ state: "Refused", reason: "ClaimRefused" });
    expect(status.claim?.message).toBe(
      "the host does not hand out 1000000 MiB MEMORY_MB in one piece",
    );
    await world.clock.advance(60_000);
    expect(await world.files.list()).toEqual([]);
  });

  test("is refused beside a Guest of another host with which it breaks its group's rule", async () => {
    const group = (place: string) => ({
      name: "web",
      rule: { policy: "affinity", topology: "Host", place } as const,
    });
    const other = { name: "web-2", uid: "5e12e000-0000-4000-8000-000000000002" };
    const elsewhere = { server: other, host: "node-9", group: group("node-9") };
    await world.create({ metadata: { name: "web-2-1" }, spec: elsewhere });
    world.startAgent();
    ref = await world.create({ spec: { group: group("node-1") } });
    await expectSoon({ domain: "Off" });
    const { claim } = await world.status(ref);
    expect(claim).toEqual({
      state: "Refused",
      reason: "ClaimRefused",
      message: "server web-2 of server group web is on host node-9, not on node-1",
    });
  });

  test("says why libvirt does not start it, and starts when it does", async () => {
    world.startAgent();
    ref = await world.create();
    pod = world.startPod(ref);
    const asBefore = pod.daemon.onCall;
    pod.daemon.onCall = (call) => {
      if (call.method === "createDomain") throw errorOf(1, "2026-01-01T00:00:00.5Z no O_DIRECT");
      return asBefore(call);
    };
    await world.until(async () => (await world.status(ref)).error !== undefined);
    expect(await world.status(ref)).toMatchObject({
      domain: "Starting",
      error: { reason: "StartFailed", message: "no O_DIRECT" },
    });
    const writes = world.kube.writes.length;
    await world.clock.advance(120_000);
    // Each attempt needs the API server's word, but says nothing new.
    expect(world.kube.writes.length - writes).toBeLessThan(20);
    pod.daemon.onCall = asBefore;
    await expectSoon({ domain: "Running" });
    const status = await world.status(ref);
    expect(status.error).toBeUndefined();
  });

  test("says why no disk can be made of its image", async () => {
    world.base = { ...world.base, virtualSizeBytes: 20 * 2 ** 30 };
    world.startAgent();
    ref = await world.create();
    pod = world.startPod(ref);
    await world.until(async () => (await world.status(ref)).error !== undefined);
    expect((await world.status(ref)).error).toMatchObject({
      reason: "ImageTooLarge",
      message: "it needs a root disk of 20 GiB, not 10: take a larger flavor",
    });
    expect((await world.files.find(incarnation)).hasDisk).toBe(false);
  });
});

describe("two guests at once", () => {
  /** The second guest, of another server. */
  async function createOther(memoryMib: number): Promise<ObjectRef> {
    const other = { name: "db", uid: "5e12e12e-0000-4000-8000-000000000002" };
    const uid = 1_000_700_001;
    const uuid = other.uid;
    const created = await world.create({
      metadata: { name: "db-5e12e-1" },
      spec: {
        ...{ server: other, uid, domain: { ...domain, uuid } },
        resources: { MEMORY_MB: memoryMib },
      },
    });
    world.startPod(created, uid);
    return created;
  }

  test("share one download of their image, and both run", async () => {
    world.startAgent();
    ref = await world.create();
    world.startPod(ref);
    const other = await createOther(1024);
    await expectSoon({ domain: "Running" });
    await world.untilStatus(other, { domain: "Running" });
    expect(world.cache.fetches).toHaveLength(1);
    expect(world.pods.domains()).toHaveLength(2);
  });

  test("that do not both fit are taken in the order of their creation", async () => {
    ref = await world.create({ spec: { resources: { MEMORY_MB: 9000 } } });
    await world.clock.advance(2000);
    const other = await createOther(9000);
    world.startPod(ref);
    world.startAgent();
    await expectSoon({ domain: "Running" });
    const { claim } = await world.untilStatus(other, { domain: "Off" });
    expect(claim).toMatchObject({ state: "Refused", message: "the host lacks 9000 MiB MEMORY_MB" });
    expect(world.pods.domains()).toHaveLength(1);
  });
});

describe("an image that cannot be fetched", () => {
  test("is told of with its reason, tried again, and forgotten when it came", async () => {
    let attempts = 0;
    world.cache.onFetch = async () => {
      attempts += 1;
      return attempts < 4 ? new Refused("ImageFetchFailed", "status 503") : undefined;
    };
    world.startAgent();
    ref = await world.create();
    pod = world.startPod(ref);
    await world.until(async () => (await world.status(ref)).error !== undefined);
    expect(await world.status(ref)).toMatchObject({
      step: "FetchingImage",
      error: { reason: "ImageFetchFailed", message: "status 503" },
    });
    await expectSoon({ domain: "Running" });
    expect((await world.status(ref)).error).toBeUndefined();
    expect(attempts).toBe(4);
  });

  test("keeps its reason while the next try is under way", async () => {
    let end: () => void = () => {};
    let attempts = 0;
    world.cache.onFetch = async () => {
      attempts += 1;
      if (attempts === 2) await new Promise<void>((resolve) => (end = resolve));
      return attempts < 3 ? new Refused("ImageFetchFailed", "status 503") : undefined;
    };
    world.startAgent();
    ref = await world.create();
    pod = world.startPod(ref);
    await world.until(async () => attempts === 2);
    await world.clock.advance(60_000);
    expect((await world.status(ref)).error).toMatchObject({ message: "status 503" });
    end();
    await expectSoon({ domain: "Running" });
    expect((await world.status(ref)).error).toBeUndefined();
  });
});

describe("a guest that ran before", () => {
  test("never gets an empty disk for the one that it lost", async () => {
    await boot();
    await world.edit(ref, { runState: "Stopped" });
    await expectSoon({ domain: "Off", stoppedBy: "User" });
    world.files.loseDisk(incarnation);
    await world.edit(ref, { runState: "Running", boot: 2 });
    await world.until(async () => (await world.status(ref)).error !== undefined);
    expect((await world.status(ref)).error?.reason).toBe("DiskMissing");
    expect((await world.files.find(incarnation)).hasDisk).toBe(false);
  });

  test("starts again with its disk when a higher boot is asked for, and only then", async () => {
    await boot();
    const disk = world.files.disk(incarnation);
    world.domain(ref)?.powerOff();
    await expectSoon({ domain: "Off", stoppedBy: "Guest" });
    await world.clock.advance(60_000);
    expect(world.domain(ref)).toBeUndefined();
    await world.edit(ref, { boot: 2 });
    await expectSoon({ domain: "Running", boot: 2 });
    expect(world.files.disk(incarnation)).toBe(disk);
  });

  test("keeps the machine that its first boot froze", async () => {
    await boot();
    const machine = { type: "pc-q35-9.0", cpuModel: "Nehalem", virtType: "qemu" } as const;
    await world.edit(ref, { runState: "Stopped" });
    await expectSoon({ domain: "Off" });
    await world.edit(ref, { runState: "Running", boot: 2, domain: { ...domain, machine } });
    await expectSoon({ domain: "Running", boot: 2 });
    expect(world.domain(ref)?.xml).toContain('machine="pc-q35-9.0"');
    expect(world.domain(ref)?.xml).toContain(">Nehalem</model>");
  });
});

describe("why a guest is off", () => {
  beforeEach(boot);

  test("is the guest's shutdown", async () => {
    world.domain(ref)?.powerOff();
    await expectSoon({ domain: "Off", stoppedBy: "Guest" });
  });

  test("is a crash when QEMU ended by itself", async () => {
    world.domain(ref)?.killQemu();
    await expectSoon({ domain: "Off", stoppedBy: "Crash" });
  });

  test("is found out by the next agent, too", async () => {
    world.killAgent();
    world.domain(ref)?.powerOff();
    world.startAgent();
    await expectSoon({ domain: "Off", stoppedBy: "Guest" });
  });

  test("is the pod when its processes are gone", async () => {
    world.pods.remove(pod);
    await expectSoon({ domain: "Off", stoppedBy: "Pod" });
  });

  test("is told when libvirtd is back that was gone at the same moment", async () => {
    pod.daemon.kill();
    world.domain(ref)?.killQemu();
    await world.clock.advance(10_000);
    expect((await world.status(ref)).domain).toBe("Running");
    pod.lastWords.set(ref.name, "crashed");
    pod.daemon.start();
    await expectSoon({ domain: "Off", stoppedBy: "Crash" });
  });

  test("is the pod when everything in it ended at once and it does not come back", async () => {
    pod.daemon.losePower();
    await world.clock.advance(10_000);
    expect((await world.status(ref)).domain).toBe("Running");
    world.pods.remove(pod);
    await expectSoon({ domain: "Off", stoppedBy: "Pod" });
  });

  test("is the host when it was booted since", async () => {
    world.reboot();
    world.startAgent();
    await expectSoon({ domain: "Off", stoppedBy: "Host" });
  });

  test("is the user when that was asked for, even while the host went down", async () => {
    await world.edit(ref, { runState: "Stopped" });
    world.reboot();
    world.startAgent();
    await expectSoon({ domain: "Off", stoppedBy: "User" });
  });
});

describe("a guest that shall stop", () => {
  beforeEach(boot);

  test("is asked to shut down, and its directory stays", async () => {
    const disk = world.files.disk(incarnation);
    await world.edit(ref, { runState: "Stopped" });
    await expectSoon({ domain: "Off", stoppedBy: "User", boot: 1 });
    expect(world.files.disk(incarnation)).toBe(disk);
    expect(world.released.has(incarnation)).toBe(false);
  });

  test("tells of the boot that its disk knows, also when the API server has forgotten it", async () => {
    await world.edit(ref, { runState: "Stopped" });
    await expectSoon({ domain: "Off", boot: 1 });
    await world.edit(ref, { boot: 0 });
    const restored = await world.kube.get(kinds.guests, ref);
    const status = { ...restored.status, boot: 0 };
    await world.kube.updateStatus(kinds.guests, { ...restored, status }, { fieldManager: "test" });
    await expectSoon({ domain: "Off", boot: 1 });
  });

  test("is asked every 10 s and powered off after 60 s when it does not obey", async () => {
    let asked = 0;
    pod.daemon.onPowerButton = () => {
      asked += 1;
    };
    await world.edit(ref, { runState: "Stopped" });
    await expectSoon({ domain: "Stopping", step: "ShuttingDown" });
    const startMs = world.clock.monotonicMs();
    await expectSoon({ domain: "Off", stoppedBy: "User" });
    expect(asked).toBe(6);
    expect((world.clock.monotonicMs() - startMs) / 1000).toBeCloseTo(60, 0);
  });

  test("is powered off at once when it stands still or has no time", async () => {
    world.domain(ref)?.failDisk();
    await expectSoon({ domain: "Paused" });
    await world.edit(ref, { runState: "Stopped" });
    await world.clock.advance(1000);
    expect(world.domain(ref)).toBeUndefined();
  });
});

describe("a pod that is asked to end", () => {
  beforeEach(boot);

  test("has its guest shut down by the agent, who tells init again and again", async () => {
    pod.daemon.onPowerButton = () => {};
    world.pods.terminate(pod);
    await world.clock.advance(500);
    expect(pod.announcements).toBe(1);
    await world.clock.advance(10_000);
    expect(pod.announcements).toBe(2);
    world.domain(ref)?.powerOff();
    await expectSoon({ domain: "Off", stoppedBy: "Pod" });
  });

  test("gets no guest, which starts in the next pod", async () => {
    world.pods.terminate(pod);
    await expectSoon({ domain: "Off", stoppedBy: "Pod" });
    await world.edit(ref, { boot: 2 });
    await world.clock.advance(5000);
    expect(world.domain(ref)).toBeUndefined();
    world.pods.remove(pod);
    pod = world.startPod(ref);
    await expectSoon({ domain: "Running", boot: 2 });
  });

  test("keeps its guest from a second start in a newer pod until its QEMU is gone", async () => {
    pod.daemon.onPowerButton = () => {};
    const newer = world.startPod(ref);
    await world.edit(ref, { boot: 2 });
    await world.clock.advance(30_000);
    expect(newer.daemon.guests()).toEqual([]);
    expect((await world.status(ref)).domain).toBe("Running");
    world.pods.remove(pod);
    await expectSoon({ domain: "Running", boot: 2 });
  });
});

describe("a guest that is given up", () => {
  beforeEach(boot);

  test("releases its token for good before it says so, and keeps its files", async () => {
    await world.edit(ref, { runState: "Absent" });
    await expectSoon({ domain: "Off", isReleased: true });
    expect(world.released.has(incarnation)).toBe(true);
    expect(world.files.disk(incarnation)).toBeDefined();
  });

  test("goes with its files when it is deleted, whatever its spec asks for", async () => {
    await world.delete(ref);
    await world.until(async () => (await world.guest(ref)) === undefined);
    expect(world.domain(ref)).toBeUndefined();
    expect(await world.files.list()).toEqual([]);
    expect(world.released.has(incarnation)).toBe(true);
  });

  test("leaves its disk when that shall be kept, and nobody takes it for an orphan", async () => {
    await world.edit(ref, { disks: "Keep" });
    await world.delete(ref);
    await world.until(async () => (await world.guest(ref)) === undefined);
    await world.clock.advance(3_600_000);
    expect((await world.files.find(incarnation)).hasDisk).toBe(true);
  });

  test("takes its files with it although they shall be kept, when it never ran", async () => {
    const cold = { serverUid: "5e12e12e-0000-4000-8000-000000000007", token: 1 };
    const unbegun = await world.create({
      metadata: { name: "cold-1" },
      spec: {
        server: { name: "cold", uid: cold.serverUid },
        domain: { ...domain, uuid: cold.serverUid },
        uid: 1_000_700_007,
        runState: "Stopped",
        disks: "Keep",
        boot: 0,
      },
    });
    await world.files.makeDirectory(cold, 1_000_700_007);
    await world.untilStatus(unbegun, { domain: "Off" });
    await world.delete(unbegun);
    await world.until(async () => (await world.guest(unbegun)) === undefined);
    expect((await world.files.find(cold)).hasDirectory).toBe(false);
  });

  test("never runs again here, even if it comes back", async () => {
    await world.delete(ref);
    await world.until(async () => (await world.guest(ref)) === undefined);
    ref = await world.create();
    await expectSoon({ domain: "Off", isReleased: true });
    await world.clock.advance(60_000);
    expect(world.domain(ref)).toBeUndefined();
  });
});

describe("an agent that starts", () => {
  beforeEach(boot);

  test("takes over the guest that runs, and writes nothing", async () => {
    const pid = world.domain(ref)?.pid;
    world.killAgent();
    const writes = world.kube.writes.length;
    world.startAgent();
    await world.clock.advance(120_000);
    expect(world.domain(ref)?.pid).toBe(pid);
    expect(world.kube.writes).toHaveLength(writes);
  });

  test("takes over the guest of a Guest that was made again", async () => {
    const pid = world.domain(ref)?.pid;
    world.killAgent();
    await world.lose(ref);
    ref = await world.create();
    world.startAgent();
    await expectSoon({ domain: "Running", boot: 1 });
    expect(world.domain(ref)?.pid).toBe(pid);
    expect(world.runs.get(`${ref.name}/1`)?.size).toBe(1);
  });

  test("sets the directory of a Guest that was lost aside, after a while, with its guest paused", async () => {
    world.killAgent();
    await world.lose(ref);
    const manager = world.startAgent();
    await world.clock.advance(240_000);
    expect((await world.files.find(incarnation)).hasDisk).toBe(true);
    expect(world.domain(ref)?.status.state).toBe("running");
    await world.clock.advance(240_000);
    expect(await world.files.list()).toEqual([]);
    expect(world.domain(ref)?.status.state).toBe("paused");
    expect(manager.orphans).toMatchObject([incarnation]);
    world.clock.wallOffsetMs = 8 * 24 * 3_600_000;
    await world.clock.advance(300_000);
    expect(world.files.disk(incarnation)).toBeDefined();
    await world.clock.advance(3_600_000);
    expect(world.files.disk(incarnation)).toBeUndefined();
  });
});

describe("a libvirtd that ends", () => {
  beforeEach(boot);

  test("does not touch its guest, and is connected to again", async () => {
    const pid = world.domain(ref)?.pid;
    pod.daemon.kill();
    await world.clock.advance(5000);
    expect((await world.status(ref)).domain).toBe("Running");
    pod.daemon.start();
    await world.clock.advance(5000);
    expect(world.domain(ref)?.pid).toBe(pid);
    world.domain(ref)?.powerOff();
    await expectSoon({ domain: "Off", stoppedBy: "Guest" });
  });

  test("is waited for when its guest shall stop", async () => {
    pod.daemon.kill();
    await world.edit(ref, { runState: "Stopped" });
    await world.clock.advance(120_000);
    expect(world.domain(ref)).toBeDefined();
    pod.daemon.start();
    await expectSoon({ domain: "Off", stoppedBy: "User" });
  });

  test("counts as one that does not answer when it hangs", async () => {
    const asBefore = pod.daemon.onCall;
    pod.daemon.onCall = () => {
      throw new TimedOut("no answer");
    };
    await world.clock.advance(60_000);
    expect((await world.status(ref)).domain).toBe("Running");
    pod.daemon.onCall = asBefore;
    await world.edit(ref, { runState: "Stopped" });
    await expectSoon({ domain: "Off" });
  });
});

describe("an API server that cannot be reached", () => {
  test("has nothing started and nothing stopped meanwhile", async () => {
    await boot();
    world.onKubeCall = () => {
      throw new Unavailable("cut");
    };
    await world.edit(ref, { runState: "Stopped" });
    await world.clock.advance(300_000);
    expect(world.domain(ref)?.status.state).toBe("running");
    world.onKubeCall = () => {};
    await expectSoon({ domain: "Off", stoppedBy: "User" });
  });
});
