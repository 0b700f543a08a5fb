// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { serverStatusSchema } from "../../api/v1alpha1/server.ts";
import { aFlavor, anImage, aServer } from "../../testing/builders.ts";
import { ServerWorld } from "../../testing/server-world.ts";
import { conditionOf } from "../lib/condition-set.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

const kinds = () => world.plan().steps.map(({ kind }) => kind);
const ready = () => world.told("Ready");
const host = () => world.node(world.status.hypervisor);
const guest = () => {
  const [only] = world.guests;
  if (only === undefined) throw new Error("no guest");
  return only;
};

describe("a server that was there when the leader began", () => {
  test("waits until every host has said whether it has it, and says who has not", () => {
    world.recall = { guest: undefined, silentHosts: ["node-1", "node-2", "node-3", "node-4"] };
    expect(kinds()).toEqual(["WriteStatus"]);
    world.operate();
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 1 });
    expect(ready()).toEqual({
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
    expect(guest().spec).toMatchObject({ host: "node-4", token: 3, uid: 1_000_700_009 });
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });
});

describe("a new server", () => {
  test("is granted a run before anything is made of it", () => {
    expect(kinds()).toEqual(["AddFinalizer", "WriteStatus", "CreateGuest", "CreatePod"]);
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
    expect(ready()).toMatchObject({ status: "True", reason: "AsDesired" });
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
    expect(ready()).toMatchObject({ status: "True", reason: "PoweredOff" });
    expect(world.domains).toEqual([]);
    world.edit({ powerState: "Running" });
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("tells how far it is only when it takes long", () => {
    world.operate();
    world.guests = [
      { ...guest(), status: { claim: { state: "Accepted" }, step: "FetchingImage" } },
    ];
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 10 });
    world.nowMs += 10_000;
    expect(kinds()).toEqual(["WriteStatus"]);
    world.operate();
    expect(ready().message).toMatch(/^node-\d fetches the image$/);
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
    world.guests = [{ ...guest(), status: starting }];
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 10 });
    world.guests = [{ ...guest(), status: { ...starting, domain: "Running", boot: 1 } }];
    world.operate();
    expect(world.status).toMatchObject({
      phase: "ACTIVE",
      addresses: [{ address: "10.251.1.7" }, { address: "10.0.2.2" }],
    });
    const moved = { ...guest().status, networks: networks("10.251.1.8") };
    world.guests = [{ ...guest(), status: moved }];
    expect(kinds()).toEqual(["WriteStatus"]);
  });

  test("names what keeps its pod from running", () => {
    world.operate();
    world.guests = [
      { ...guest(), status: { claim: { state: "Accepted" }, step: "WaitingForPod" } },
    ];
    world.pods = world.pods.map((pod) => ({ ...pod, trouble: "ErrImagePull: no such image" }));
    world.nowMs += 10_000;
    world.operate();
    expect(ready().message).toBe("the server pod does not run: ErrImagePull: no such image");
  });
});

describe("a server without a flavor or an image", () => {
  test("waits with the reason and boots when they appear", () => {
    world.flavor = undefined;
    world.image = undefined;
    world.settle();
    expect(world.status.phase).toBe("PENDING");
    expect(ready()).toMatchObject({ status: "False", reason: "FlavorNotFound" });
    expect(world.server?.metadata.finalizers).toBeUndefined();
    world.flavor = aFlavor();
    world.wait(60);
    expect(ready()).toMatchObject({ reason: "ImageNotFound" });
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
    expect(ready()).toMatchObject({
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
    const first = host();
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
    host().refusal = "no room";
    world.serve();
    expect(kinds()).toEqual(["PatchGuest", "WriteStatus"]);
    world.operate();
    expect(ready()).toMatchObject({ reason: "ClaimRefused" });
    host().isUp = false;
    world.settle();
    expect(world.status.run).toMatchObject({ token: 1, state: "Granted" });
    expect(ready()).toMatchObject({ reason: "HostUnreachable" });
  });

  test("costs no disk: the objects may be older than the host's disk", () => {
    world.operate();
    host().refusal = "no room";
    world.serve();
    world.operate();
    expect(guest().spec).toMatchObject({ runState: "Absent", disks: "Keep" });
  });

  test("leaves no disk behind when the server is deleted meanwhile", () => {
    world.operate();
    host().refusal = "no room";
    world.serve();
    world.operate();
    world.delete();
    world.operate();
    expect(guest().spec.disks).toBe("Destroy");
    expect(guest().metadata.deletionTimestamp).toBeDefined();
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
    expect(ready().message).toContain(
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
    message: `${host().name} does not take the server pod; ${next}. The ${by} says: no room`,
  });

  test("sends a new server to the next host as soon as the kubelet turned it away", () => {
    world.operate();
    const first = host();
    first.podRefusal = "kubelet";
    world.keepPods();
    world.operate();
    expect(ready()).toMatchObject(unplaced("another hypervisor is tried", "kubelet"));
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
    const first = host();
    first.podRefusal = "kube-scheduler";
    world.settle();
    expect(world.status).toMatchObject({ phase: "BUILD", hypervisor: first.name });
    expect(world.plan()).toMatchObject({ steps: [] });
    world.nowMs += 30_000;
    world.operate();
    expect(ready()).toMatchObject(unplaced("another hypervisor is tried", "kube-scheduler"));
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", refusedHosts: [first.name] });
  });

  test("on three hosts makes the server rest, and says what the last one said", () => {
    for (const node of world.nodes) node.podRefusal = "kubelet";
    world.settle();
    expect(world.status).toMatchObject({ phase: "PENDING", run: { token: 3, state: "Released" } });
    expect(ready().message).toContain(
      "3 hypervisors in a row did not take the server (the last said: kubelet says: no room)",
    );
    for (const node of world.nodes) node.podRefusal = undefined;
    world.wait(30);
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 4 } });
  });

  test("never moves a server that may have run there: its disk is there", () => {
    world.settle();
    const node = host();
    node.podRefusal = "kube-scheduler";
    world.losePod();
    world.wait(3600);
    world.wait(3600);
    expect(ready()).toMatchObject(
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
    world.guests = [{ ...guest(), status: { claim: { state: "Accepted" }, domain: "Starting" } }];
    host().podRefusal = "kubelet";
    world.keepPods();
    expect(kinds()).not.toContain("PatchGuest");
  });
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
    expect(kinds()).toEqual(["DeletePod", "WriteStatus"]);
    world.operate();
    expect(ready()).toMatchObject({ status: "False", reason: "Progressing" });
    expect(world.plan().steps).toEqual([]);
    world.keepPods();
    expect(kinds()).toEqual(["PatchGuest", "WriteStatus", "CreatePod"]);
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(world.pods).toMatchObject([{ guestImage: newer }]);
    expect(host().disks.get("web-5e12e-1")).toBe(2);
  });

  test("is what a guest that crashed is started again in", () => {
    world.edit({ onCrash: "Restart" });
    world.settle();
    world.guestImage = newer;
    host().stop("web-5e12e-1", "Crash");
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
    expect(world.pods).toMatchObject([{ guestImage: newer }]);
  });

  test("takes no pod away on a host that does not answer", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    world.guestImage = newer;
    host().isUp = false;
    world.edit({ powerState: "Running" });
    expect(kinds()).toEqual(["WriteStatus"]);
    world.operate();
    expect(ready()).toMatchObject({ reason: "HostUnreachable" });
    host().isUp = true;
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
    expect(ready()).toMatchObject({ reason: "PodRefused", message: "exceeded quota: pods=0" });
    world.nowMs += 60_000;
    world.settle();
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 15 });
    expect(world.status).not.toHaveProperty("refusedHosts");
    world.creationRefusal = { ...refusal, ageSeconds: 15 };
    expect(kinds()).toEqual(["CreatePod"]);
    world.creationRefusal = undefined;
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
  });
});

describe("a running server", () => {
  beforeEach(() => world.settle());

  test("is shut down when its spec says so, and keeps run right, claim and pod", () => {
    const { run, allocation } = world.status;
    world.edit({ powerState: "Stopped" });
    expect(kinds()).toEqual(["PatchGuest", "WriteStatus"]);
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
    expect(ready()).toMatchObject({ status: "True", reason: "PoweredOff" });
  });

  test("is started by a boot above the last that its host knows of", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    const known = { ...guest().status, boot: 7 };
    world.guests = [{ ...guest(), status: known }];
    world.edit({ powerState: "Running" });
    world.operate();
    expect(guest().spec.boot).toBe(8);
  });

  test("is started again with the same disk", () => {
    world.edit({ powerState: "Stopped" });
    world.settle();
    world.edit({ powerState: "Running", hostname: "renamed" });
    world.operate();
    expect(world.status).toMatchObject({ phase: "SHUTOFF", taskState: "powering-on" });
    expect(guest().spec).toMatchObject({ boot: 2, domain: { hostname: "renamed" } });
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(host().disks.get("web-5e12e-1")).toBe(2);
  });

  test("is not started while it still shuts down", () => {
    world.edit({ powerState: "Stopped" });
    world.operate();
    world.edit({ powerState: "Running" });
    expect(kinds()).toEqual(["WriteStatus"]);
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", powerStateApplied: "Running" });
    expect(guest().spec.boot).toBe(2);
  });

  test("whose host does not answer is not started elsewhere", () => {
    host().isUp = false;
    world.wait(3600);
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(ready()).toMatchObject({ status: "Unknown", reason: "HostUnreachable" });
    expect(world.guests).toHaveLength(1);
  });

  test("whose vCPUs stand still is not ready, and says where to look", () => {
    const paused = { ...guest().status, domain: "Paused" } as const;
    world.guests = [{ ...guest(), status: paused }];
    world.operate();
    expect(world.status).toMatchObject({ phase: "ACTIVE", powerState: "PAUSED" });
    expect(ready()).toMatchObject({ status: "False", reason: "GuestPaused" });
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
    const connected = { ...guest(), status: { ...guest().status, networks: [told] } };
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
    host().stop("web-5e12e-1", cause);
    world.wait(3600);
    expect(world.status).toMatchObject({ phase: "SHUTOFF", powerState, stoppedBy: cause });
    expect(ready()).toMatchObject({ status: "False", reason });
    expect(guest().spec.boot).toBe(1);
  });

  test.each([
    ["Guest", { onGuestShutdown: "Restart" }],
    ["Crash", { onCrash: "Restart" }],
  ] as const)("by %s is started again when the spec says so", (cause, spec) => {
    world.edit(spec);
    world.nowMs += 60_000;
    host().stop("web-5e12e-1", cause);
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
    expect(guest().spec.boot).toBe(2);
  });

  test("as soon as it runs is not started more often than every ten seconds", () => {
    world.edit({ onCrash: "Restart" });
    host().stop("web-5e12e-1", "Crash");
    world.settle();
    expect(world.status.phase).toBe("SHUTOFF");
    expect(world.plan().againAfterSeconds).toBe(10);
    world.wait(10);
    expect(world.status.phase).toBe("ACTIVE");
  });

  test("is started by going to Stopped and back", () => {
    host().stop("web-5e12e-1", "Guest");
    world.settle();
    world.edit({ powerState: "Stopped" });
    world.settle();
    expect(ready()).toMatchObject({ status: "True", reason: "PoweredOff" });
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
  host().stop("web-5e12e-1", "Pod");
  world.serve();
  expect(world.status.phase).toBe("BUILD");
  world.nowMs += 60_000;
  world.settle();
  expect(world.status.phase).toBe("ACTIVE");
  expect(guest().spec.boot).toBe(2);
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
    expect(guest().spec.boot).toBe(2);
  });

  test("runs again after its host restarted", () => {
    host().stop("web-5e12e-1", "Host");
    world.pods = world.pods.map((pod) => ({ ...pod, phase: "Failed" }));
    world.settle();
    expect(world.status).toMatchObject({ phase: "ACTIVE", run: { token: 1 } });
    expect(host().disks.get("web-5e12e-1")).toBe(2);
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
    expect(kinds()).toContain("DeletePod");
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

describe("a server that is deleted", () => {
  test("is gone at once when it was never granted a run", () => {
    world.flavor = undefined;
    world.settle();
    world.delete();
    expect(world.server).toBeUndefined();
  });

  test("goes when its host destroyed the disk", () => {
    world.settle();
    const node = host();
    world.delete();
    world.operate();
    expect(world.status).toMatchObject({ phase: "ACTIVE", taskState: "deleting" });
    expect(ready()).toMatchObject({ reason: "Deleting" });
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
    expect(kinds()).toEqual(["RemoveFinalizer"]);
  });

  test("with its namespace gives its guest up at once, and makes nothing new there", () => {
    world.settle();
    world.isNamespaceLeaving = true;
    world.losePod();
    expect(kinds()).toEqual(["DeleteGuest", "WriteStatus"]);
    for (let pass = 0; pass < 5; pass += 1) {
      world.operate();
      world.serve();
    }
    expect(world.guests).toEqual([]);
    expect(world.pods).toEqual([]);
  });

  test("stays with the reason while its host does not answer", () => {
    world.settle();
    const node = host();
    node.isUp = false;
    world.delete();
    world.wait(86_400);
    expect(world.server).toBeDefined();
    expect(ready().message).toContain(`${node.name} must destroy the disk and does not answer`);
    node.isUp = true;
    world.settle();
    expect(world.server).toBeUndefined();
  });

  test("lets go of a silent host when an administrator gives the disk up", () => {
    world.settle();
    host().isUp = false;
    world.abandon();
    world.settle();
    expect(world.server).toBeUndefined();
  });

  test("does not let go of a host that answers, whatever the annotation says", () => {
    world.settle();
    world.abandon();
    expect(kinds()).toEqual(["DeleteGuest", "WriteStatus"]);
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
    const node = host();
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
    const node = host();
    node.refusal = "no room";
    world.guests = [];
    world.settle();
    expect(node.disks.size).toBe(1);
    expect(guest().spec.runState).toBe("Running");
    expect(ready()).toMatchObject({ reason: "ClaimRefused" });
  });

  test("with the disk is left for a person to look at when it still stands", () => {
    world.guests = [
      {
        ...guest(),
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
    expect(ready().message).toMatch(/^the run right was not given back yet by node-\d$/);
  });
});

describe("errors of the host", () => {
  test("that only the owner can cure put a new server in ERROR", () => {
    world.operate();
    const error = {
      reason: "ImageTooLarge",
      message: "10 GiB into 1",
      time: "2026-01-01T00:00:00Z",
    };
    world.guests = [{ ...guest(), status: { claim: { state: "Accepted" }, error } }];
    world.operate();
    expect(world.status).toMatchObject({ phase: "ERROR", fault: { reason: "ImageTooLarge" } });
    const message = `image debian on ${world.status.hypervisor}: 10 GiB into 1`;
    expect(ready()).toMatchObject({ status: "False", message });
  });

  test("that may pass leave it building, with the reason", () => {
    world.operate();
    const error = { reason: "ImageFetchFailed", message: "404", time: "2026-01-01T00:00:00Z" };
    world.guests = [{ ...guest(), status: { claim: { state: "Accepted" }, error } }];
    world.operate();
    expect(world.status).toMatchObject({ phase: "BUILD", taskState: "spawning" });
    const message = `image debian on ${world.status.hypervisor}: 404`;
    expect(ready()).toMatchObject({ reason: "ImageFetchFailed", message });
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
  expect(ready()).toMatchObject({ status: "True" });
});

describe("a server whose flavor and image ask for more than room", () => {
  test("is told what the hosts lack", () => {
    world.flavor = aFlavor({ spec: { extraSpecs: { "trait:HW_CPU_X86_AVX512F": "required" } } });
    world.settle();
    expect(ready()).toMatchObject({
      reason: "NoValidHost",
      message: "0 of 4 hypervisors: 4 lack trait HW_CPU_X86_AVX512F",
    });
  });

  test("takes what its flavor says of its host", () => {
    world.flavor = aFlavor({ spec: { extraSpecs: { "resources:VCPU": "3" } } });
    world.settle();
    expect(world.status.allocation).toEqual({ VCPU: 3, MEMORY_MB: 1184, DISK_GB: 10 });
    expect(guest().spec.resources).toEqual(world.status.allocation);
  });
});
