// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import type { GuestStatus } from "../../../api/v1alpha1/guest.ts";
import { serverStatusSchema } from "../../../api/v1alpha1/server.ts";
import { aFlavor, anImage } from "../../../testing/builders.ts";
import { ServerWorld } from "../../../testing/server-world.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

describe("a server that was there when the leader began", () => {
  test("waits until every host has said whether it has it, and says who has not", () => {
    world.recall = { guest: undefined, silentHosts: ["node-1", "node-2", "node-3", "node-4"] };
    expect(world.kinds()).toEqual(["WriteStatus"]);
    world.operate();
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 1 });
    expect(world.told("Ready")).toEqual({
      status: "False",
      reason: "Progressing",
      message:
        "a new leader asks every hypervisor whether it has this server: " +
        "no answer yet from node-1, node-2, node-3 and 1 more",
    });
    world.recall = { guest: undefined, silentHosts: [] };
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("is taken back where it began, with its token and its user, whatever the scheduler thinks", () => {
    const known = { serverUid: world.server?.metadata.uid ?? "", token: 3, uid: 1_000_700_009 };
    world.recall = { guest: { ...known, host: "node-4" }, silentHosts: [] };
    world.operate();
    expect(world.status).toMatchObject({
      run: { token: 3, guest: "web-5e12e-3", host: "node-4", state: "Granted" },
      machine: { uid: 1_000_700_009 },
      allocation: { VCPU: 2, MEMORY_MB: 1184, DISK_GB: 10 },
    });
    expect(world.guest.spec).toMatchObject({ host: "node-4", token: 3, uid: 1_000_700_009 });
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });
});

describe("a new server", () => {
  test("is granted a run before anything is made of it", () => {
    expect(world.kinds()).toEqual(["AddFinalizer", "WriteStatus", "CreateGuest", "CreatePod"]);
    expect(world.plan().status).toMatchObject({
      phase: "BUILD",
      taskState: "spawning",
      powerState: "NOSTATE",
      powerStateApplied: "Running",
      run: { token: 1, guest: "web-5e12e-1", state: "Granted" },
      machine: { uid: 1_000_700_000 },
      allocation: { VCPU: 2, MEMORY_MB: 1184, DISK_GB: 10 },
      flavor: { name: "m1.small" },
      image: { name: "debian" },
      hostname: "web",
      lastApplied: { flavor: { value: "m1.small", outcome: "Applied" } },
    });
  });

  test("becomes ACTIVE with one status write more, and then nothing is written", () => {
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", powerState: "RUNNING" });
    expect(world.status).not.toHaveProperty("taskState");
    expect(world.told("Ready")).toMatchObject({ status: "True", reason: "AsDesired" });
    expect(world.writes).toEqual({ AddFinalizer: 1, WriteStatus: 2, CreateGuest: 1, CreatePod: 1 });
    world.wait(3600);
    expect(world.writes["WriteStatus"]).toBe(2);
  });

  test("has a status that fits its schema at every stage", () => {
    for (let pass = 0; pass < 8; pass += 1) {
      world.operate();
      expect(serverStatusSchema.parse(world.status)).toEqual(world.status);
      world.serve();
      world.keepPods();
    }
  });

  test("keeps what its first boot froze", () => {
    world.settle();
    expect(world.status.machine).toEqual({
      uid: 1_000_700_000,
      type: "pc-q35-10.0",
      virtType: "qemu",
    });
  });

  test("that shall be stopped is made, and is not started", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    expect(world.status).toMatchObject({ phase: "SHUTOFF", powerState: "SHUTDOWN" });
    expect(world.told("Ready")).toMatchObject({ status: "True", reason: "PoweredOff" });
    expect(world.domains).toEqual([]);
    world.edit({ powerState: "Running" });
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("tells how far it is only when it takes long", () => {
    world.operate();
    world.guests = [
      { ...world.guest, status: { claim: { state: "Accepted" }, step: "FetchingImage" } },
    ];
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 10 });
    world.nowMs += 10_000;
    expect(world.kinds()).toEqual(["WriteStatus"]);
    world.operate();
    expect(world.told("Ready").message).toMatch(/^node-\d fetches the image$/);
  });

  test("tells its addresses with the news that it runs, and later ones at once", () => {
    const networks = (address: string): GuestStatus["networks"] => [
      {
        ...{ name: "default", mac: "fa:00:00:00:00:01", mtu: 1450 },
        ...{ addresses: ["10.0.2.2"], reachedAt: [address] },
      },
    ];
    world.operate();
    const claim = { state: "Accepted" } as const;
    const starting = { claim, domain: "Starting", networks: networks("10.251.1.7") } as const;
    world.guests = [{ ...world.guest, status: starting }];
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 10 });
    world.guests = [{ ...world.guest, status: { ...starting, domain: "Running", boot: 1 } }];
    world.operate();
    expect(world.status).toMatchObject({
      phase: "ACTIVE",
      addresses: [{ address: "10.251.1.7" }, { address: "10.0.2.2" }],
    });
    const moved = { ...world.guest.status, networks: networks("10.251.1.8") };
    world.guests = [{ ...world.guest, status: moved }];
    expect(world.kinds()).toEqual(["WriteStatus"]);
  });

  test("names what keeps its pod from running", () => {
    world.operate();
    world.guests = [
      { ...world.guest, status: { claim: { state: "Accepted" }, step: "WaitingForPod" } },
    ];
    world.pods = world.pods.map((pod) => ({ ...pod, trouble: "ErrImagePull: no such image" }));
    world.nowMs += 10_000;
    world.operate();
    expect(world.told("Ready").message).toBe(
      "the server pod does not run: ErrImagePull: no such image",
    );
  });
});

describe("a server without a flavor or an image", () => {
  test("waits with the reason and boots when they appear", () => {
    world.flavor = undefined;
    world.image = undefined;
    world.settle();
    expect(world.status.phase).toBe("PENDING");
    expect(world.told("Ready")).toMatchObject({ status: "False", reason: "FlavorNotFound" });
    expect(world.server?.metadata.finalizers).toBeUndefined();
    world.flavor = aFlavor();
    world.wait(60);
    expect(world.told("Ready")).toMatchObject({ reason: "ImageNotFound" });
    world.image = anImage();
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("is in ERROR when it can never be built from them", () => {
    world.image = anImage({ spec: { minMemoryMib: 4096 } });
    world.settle();
    expect(world.status).toMatchObject({ phase: "ERROR", fault: { reason: "ImageTooLarge" } });
    expect(world.guests).toEqual([]);
  });

  test("keeps its copies when they are deleted while it runs", () => {
    world.settle();
    world.flavor = undefined;
    world.image = undefined;
    expect(world.plan().steps).toEqual([]);
    world.edit({ powerState: "Stopped" });
    world.settle();
    world.edit({ powerState: "Running" });
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });
});

describe("a server that finds no host", () => {
  test("waits with the causes counted and goes on when there is one", () => {
    world = new ServerWorld(["node-1"]);
    world.node("node-1").isUp = false;
    world.settle();
    expect(world.status).toMatchObject({ phase: "PENDING", decision: { considered: 1 } });
    expect(world.told("Ready")).toMatchObject({
      reason: "NoValidHost",
      message: "0 of 1 hypervisors: 1 is down",
    });
    world.node("node-1").isUp = true;
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("is in ERROR when no known host could ever hold it", () => {
    world.flavor = aFlavor({ spec: { vcpus: 9 } });
    world.settle();
    expect(world.status).toMatchObject({ phase: "ERROR", fault: { reason: "NeverFits" } });
  });
});

describe("a claim that is refused", () => {
  test("sends the server to the next host, after the last one gave the run right back", () => {
    world.operate();
    const first = world.host;
    first.refusal = "no room";
    world.settle();
    expect(world.status).toMatchObject({
      phase: "ACTIVE",
      run: { token: 2, guest: "web-5e12e-2" },
      refusedHosts: [first.name],
    });
    expect(world.status.hypervisor).not.toBe(first.name);
    expect(world.guests.map(({ spec }) => spec.token)).toEqual([2]);
  });

  test("is not passed on while the host has not given the right back", () => {
    world.operate();
    world.host.refusal = "no room";
    world.serve();
    expect(world.kinds()).toEqual(["PatchGuest", "WriteStatus"]);
    world.operate();
    expect(world.told("Ready")).toMatchObject({ reason: "ClaimRefused" });
    world.host.isUp = false;
    world.settle();
    expect(world.status.run).toMatchObject({ token: 1, state: "Granted" });
    expect(world.told("Ready")).toMatchObject({ reason: "HostUnreachable" });
  });

  test("costs no disk: the objects may be older than the host's disk", () => {
    world.operate();
    world.host.refusal = "no room";
    world.serve();
    world.operate();
    expect(world.guest.spec).toMatchObject({ runState: "Absent", disks: "Keep" });
  });

  test("leaves no disk behind when the server is deleted meanwhile", () => {
    world.operate();
    world.host.refusal = "no room";
    world.serve();
    world.operate();
    world.delete();
    world.operate();
    expect(world.guest.spec.disks).toBe("Destroy");
    expect(world.guest.metadata.deletionTimestamp).toBeDefined();
    world.settle();
    expect(world.server).toBeUndefined();
  });

  test("by three hosts makes the server rest, and then ask all of them again", () => {
    for (const node of world.nodes) node.refusal = "no room";
    world.settle();
    expect(world.status).toMatchObject({
      phase: "PENDING",
      run: { token: 3, state: "Released" },
      fault: { reason: "ClaimRefused" },
    });
    expect(world.told("Ready").message).toContain(
      "3 hypervisors in a row did not take the server (the last said: no room)",
    );
    expect(world.guests).toEqual([]);
    for (const node of world.nodes) node.refusal = undefined;
    world.settle();
    expect(world.status.phase).toBe("PENDING");
    world.wait(30);
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 4 } });
    expect(world.status).not.toHaveProperty("fault");
  });
});

describe("a server pod that its node does not take", () => {
  const unplaced = (next: string, by: string) => ({
    reason: "PodUnplaced",
    message: `${world.host.name} does not take the server pod; ${next}. The ${by} says: no room`,
  });

  test("sends a new server to the next host as soon as the kubelet turned it away", () => {
    world.operate();
    const first = world.host;
    first.podRefusal = "kubelet";
    world.keepPods();
    world.operate();
    expect(world.told("Ready")).toMatchObject(unplaced("another hypervisor is tried", "kubelet"));
    world.settle();
    expect(world.status).toMatchObject({
      phase: "ACTIVE",
      run: { token: 2 },
      refusedHosts: [first.name],
    });
    expect(world.status.hypervisor).not.toBe(first.name);
  });

  test("sends it on when the kube-scheduler found no room for half a minute", () => {
    world.operate();
    const first = world.host;
    first.podRefusal = "kube-scheduler";
    world.settle();
    expect(world.status).toMatchObject({ phase: "BUILD", hypervisor: first.name });
    expect(world.plan()).toMatchObject({ steps: [] });
    world.nowMs += 30_000;
    world.operate();
    expect(world.told("Ready")).toMatchObject(
      unplaced("another hypervisor is tried", "kube-scheduler"),
    );
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", refusedHosts: [first.name] });
  });

  test("on three hosts makes the server rest, and says what the last one said", () => {
    for (const node of world.nodes) node.podRefusal = "kubelet";
    world.settle();
    expect(world.status).toMatchObject({ phase: "PENDING", run: { token: 3, state: "Released" } });
    expect(world.told("Ready").message).toContain(
      "3 hypervisors in a row did not take the server (the last said: kubelet says: no room)",
    );
    for (const node of world.nodes) node.podRefusal = undefined;
    world.wait(30);
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 4 } });
  });

  test("never moves a server that may have run there: its disk is there", () => {
    world.settle();
    const node = world.host;
    node.podRefusal = "kube-scheduler";
    world.losePod();
    world.wait(3600);
    world.wait(3600);
    expect(world.told("Ready")).toMatchObject(
      unplaced(`the server's disk is on ${node.name}, so make room there`, "kube-scheduler"),
    );
    expect(world.status).toMatchObject({ hypervisor: node.name, run: { token: 1 } });
    expect(node.disks.size).toBe(1);
    node.podRefusal = undefined;
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("does not move a guest whose start was announced, seen or not", () => {
    world.operate();
    world.guests = [
      { ...world.guest, status: { claim: { state: "Accepted" }, domain: "Starting" } },
    ];
    world.host.podRefusal = "kubelet";
    world.keepPods();
    expect(world.kinds()).not.toContain("PatchGuest");
  });
});

describe("a server whose flavor and image ask for more than room", () => {
  test("is told what the hosts lack", () => {
    world.flavor = aFlavor({ spec: { extraSpecs: { "trait:HW_CPU_X86_AVX512F": "required" } } });
    world.settle();
    expect(world.told("Ready")).toMatchObject({
      reason: "NoValidHost",
      message: "0 of 4 hypervisors: 4 lack trait HW_CPU_X86_AVX512F",
    });
  });

  test("takes what its flavor says of its host", () => {
    world.flavor = aFlavor({ spec: { extraSpecs: { "resources:VCPU": "3" } } });
    world.settle();
    expect(world.status.allocation).toEqual({ VCPU: 3, MEMORY_MB: 1184, DISK_GB: 10 });
    expect(world.guest.spec.resources).toEqual(world.status.allocation);
  });
});
