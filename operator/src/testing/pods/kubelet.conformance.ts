// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Refused, Unavailable } from "../../ports/errors.ts";
import type { Pod } from "../../ports/kube.ts";
import type { PodWorld } from "./pod-world.ts";

export const device = {
  name: "conformance.example/unit",
  count: 1,
  device: { containerPath: "/dev/unit", hostPath: "/dev/null" },
} as const;

export function describeBeginnings(world: PodWorld): void {
  describe("that a pod is bound to", () => {
    test("runs it when its volume is published", async () => {
      const pod = await world.run();
      expect(await world.isRunning(pod)).toBe(true);
      expect(world.host.volumes.of(pod.metadata.uid)).toEqual(["publish"]);
      expect(conditionOf(pod, "PodScheduled")?.status).toBe("True");
      await world.delete(pod, 0);
    });

    test("runs nothing while its volume is refused, and asks again", async () => {
      const { volumes } = world.host;
      volumes.publishFault = new Unavailable("not now");
      const pod = await world.create();
      await world.until("it was asked", async () => volumes.of(pod.metadata.uid).length > 0);
      await world.host.elapse(2);
      expect((await world.find(pod))?.status?.phase).toBe("Pending");
      expect(await world.isRunning(pod)).toBe(false);
      volumes.publishFault = undefined;
      await world.untilPhase(pod, "Running");
      expect(volumes.of(pod.metadata.uid)).toEqual(["publish refused", "publish"]);
      await world.delete(pod, 0);
    });

    test("turns it away when it asks for more memory than there is", async () => {
      const pod = await world.create({ isBound: true, memory: "64Ti" });
      const failed = await world.untilPhase(pod, "Failed");
      expect(failed.status?.reason).toBe("OutOfmemory");
      expect(failed.status?.containerStatuses ?? []).toEqual([]);
      expect(world.host.volumes.of(pod.metadata.uid)).toEqual([]);
      await world.delete(pod);
      await world.untilGone(pod);
    });

    test("turns it away when the plugin of its device is gone", async () => {
      const stop = await world.host.serveDevices(device);
      const first = await world.run({ devices: { [device.name]: "1" } });
      await stop();
      await world.delete(first, 0);
      await world.untilEnded(first);
      await world.host.elapse(5);
      const pod = await world.create({ isBound: true, devices: { [device.name]: "1" } });
      const failed = await world.untilPhase(pod, "Failed");
      expect(failed.status?.reason).toBe("UnexpectedAdmissionError");
      expect(failed.status?.containerStatuses ?? []).toEqual([]);
      await world.delete(pod);
      await world.untilGone(pod);
    });
  });
}

export function describeEnds(world: PodWorld): void {
  describe("whose pod ends", () => {
    test.each([
      ["well", "Succeeded", "Completed"],
      ["badly", "Failed", "Error"],
    ] as const)("by itself, and %s: says so, and keeps the object", async (how, phase, reason) => {
      const pod = await world.run();
      await world.host.end(pod.metadata.name, how);
      const ended = await world.untilPhase(pod, phase);
      expect(ended.status?.reason).toBeUndefined();
      expect(endOf(ended)).toBe(reason);
      const { volumes } = world.host;
      await world.until("its volume is taken down", async () => {
        return volumes.of(pod.metadata.uid).includes("unpublish");
      });
      await world.host.elapse(3);
      expect((await world.find(pod))?.status?.phase).toBe(phase);
      expect(volumes.of(pod.metadata.uid)).toEqual(["publish", "unpublish"]);
      await world.delete(pod);
      await world.untilGone(pod);
    });

    test("because it takes too much of the node: says that it evicted it, and how it ended", async () => {
      const pod = await world.run({ storageLimit: "1Mi" });
      await world.host.fill(pod.metadata.name);
      await world.untilEnded(pod, 120);
      const evicted = await world.untilPhase(pod, "Failed");
      expect(evicted.status?.reason).toBe("Evicted");
      expect(evicted.status?.containerStatuses).toHaveLength(1);
      expect((await world.find(pod))?.metadata.deletionTimestamp).toBeUndefined();
      await world.delete(pod);
      await world.untilGone(pod);
    });
  });
}

export function describeDeletions(world: PodWorld): void {
  const { host } = { host: () => world.host };
  const calls = (pod: Pod): string[] => host().volumes.of(pod.metadata.uid);

  describe("whose pod is deleted", () => {
    test("lets it end by itself, takes its volume down, and then lets the object go", async () => {
      const pod = await world.run({ endsWithinMs: 2000, graceSeconds: 60 });
      await world.delete(pod);
      const marked = await world.find(pod);
      expect(marked?.metadata.deletionGracePeriodSeconds).toBe(60);
      expect(marked?.status?.phase).toBe("Running");
      expect(calls(pod)).toEqual(["publish"]);
      await world.untilGone(pod, 20);
      expect(calls(pod)).toEqual(["publish", "unpublish"]);
      expect(await world.isRunning(pod)).toBe(false);
    });

    test("kills it when its grace is over", async () => {
      const pod = await world.run({ graceSeconds: 3 });
      await world.delete(pod);
      await world.host.elapse(1);
      expect(await world.isRunning(pod)).toBe(true);
      await world.untilGone(pod, 20);
      expect(await world.isRunning(pod)).toBe(false);
    });

    test("hears of less grace only when it starts again", async () => {
      const pod = await world.run({ graceSeconds: 600 });
      await world.delete(pod);
      await world.host.elapse(2);
      await world.delete(pod, 1);
      await world.host.elapse(8);
      expect((await world.find(pod))?.metadata.deletionGracePeriodSeconds).toBe(1);
      expect(await world.isRunning(pod)).toBe(true);
      await world.host.stopKubelet();
      await world.host.startKubelet();
      await world.untilGone(pod);
      expect(await world.isRunning(pod)).toBe(false);
    });

    test("by force: the object is gone at once, the process has the grace that it asked for", async () => {
      const pod = await world.run({ graceSeconds: 5 });
      await world.delete(pod, 0);
      expect(await world.find(pod)).toBeUndefined();
      await world.host.elapse(2);
      expect(await world.isRunning(pod)).toBe(true);
      await world.untilEnded(pod, 20);
      await world.until("its volume is taken down", async () => calls(pod).length === 2);
      expect(calls(pod)).toEqual(["publish", "unpublish"]);
    });

    test("and has a finalizer: says how it ended, and keeps the object until that is taken away", async () => {
      const finalizers = ["conformance.example/kept"];
      const pod = await world.run({ endsWithinMs: 0, finalizers });
      await world.delete(pod);
      const ended = await world.untilPhase(pod, "Succeeded");
      expect(ended.metadata.deletionTimestamp).toBeDefined();
      await world.until("its volume is taken down", async () => calls(pod).length === 2);
      await world.host.elapse(3);
      expect(await world.find(pod)).toBeDefined();
      await world.release(pod);
      await world.untilGone(pod);
    });

    test("before its volume was published: lets it go, when the driver undid what is uncertain", async () => {
      const { volumes } = host();
      volumes.publishFault = new Unavailable("not now");
      const pod = await world.create();
      await world.until("it was asked", async () => calls(pod).length > 0);
      await world.delete(pod);
      await world.untilGone(pod);
      expect(calls(pod)).toEqual(["publish refused", "unpublish"]);
      volumes.publishFault = undefined;
    });

    test("before its volume was published, which the driver refused for good: asks it nothing more", async () => {
      const { volumes } = host();
      volumes.publishFault = new Refused("Forbidden", "never");
      const pod = await world.create();
      await world.until("it was asked", async () => calls(pod).length > 0);
      await world.delete(pod);
      await world.untilGone(pod);
      expect(calls(pod)).toEqual(["publish refused"]);
      volumes.publishFault = undefined;
    });

    test("and whose volume cannot be taken down: keeps the object until it can", async () => {
      const { volumes } = host();
      const pod = await world.run({ endsWithinMs: 0 });
      volumes.unpublishFault = new Unavailable("busy");
      await world.delete(pod);
      await world.until("it was asked", async () => calls(pod).length > 1);
      await world.host.elapse(5);
      expect(await world.find(pod)).toBeDefined();
      volumes.unpublishFault = undefined;
      await world.untilGone(pod);
      expect(calls(pod)).toEqual(["publish", "unpublish refused", "unpublish"]);
    });
  });
}

export function describeOutages(world: PodWorld): void {
  describe("that is gone for a while", () => {
    test("finds the process as it left it, and publishes its volume again", async () => {
      const pod = await world.run();
      await world.host.stopKubelet();
      await world.host.elapse(2);
      expect(await world.isRunning(pod)).toBe(true);
      await world.host.startKubelet();
      await world.host.elapse(10);
      expect((await world.find(pod))?.status?.phase).toBe("Running");
      expect(await world.isRunning(pod)).toBe(true);
      const calls = world.host.volumes.calls.filter(({ podUid }) => podUid === pod.metadata.uid);
      expect(calls.map(({ verb }) => verb)).toEqual(["publish", "publish"]);
      await world.delete(pod, 0);
    });

    test("ends what was deleted meanwhile, gently and by force", async () => {
      const [gently, byForce] = [await world.run({ endsWithinMs: 0 }), await world.run()];
      await world.host.stopKubelet();
      await world.delete(gently);
      await world.delete(byForce, 0);
      await world.host.elapse(2);
      expect((await world.find(gently))?.metadata.deletionTimestamp).toBeDefined();
      await world.host.startKubelet();
      await world.untilGone(gently);
      await world.untilEnded(byForce, 90);
      for (const pod of [gently, byForce]) {
        const { volumes } = world.host;
        await world.until("its volume is taken down", async () => {
          return volumes.of(pod.metadata.uid).at(-1) === "unpublish";
        });
      }
    });

    test("with the power: says that what ran has failed, and starts it no more", async () => {
      const [pod, deleted] = [await world.run(), await world.run()];
      await world.host.cutPower();
      await world.delete(deleted);
      await world.host.elapse(1);
      expect((await world.find(pod))?.status?.phase).toBe("Running");
      expect((await world.find(deleted))?.metadata.deletionTimestamp).toBeDefined();
      await world.host.powerOn();
      const failed = await world.untilPhase(pod, "Failed");
      expect(failed.status?.containerStatuses).toHaveLength(1);
      expect(endOf(failed)).toBe("Unknown");
      expect(await world.isRunning(pod)).toBe(false);
      await world.untilGone(deleted);
      await world.delete(pod);
      await world.untilGone(pod);
    });

    test("with the power and a device's plugin: turns away what ran, and tells how that ended", async () => {
      const stop = await world.host.serveDevices(device);
      const pod = await world.run({ devices: { [device.name]: "1" } });
      await stop();
      await world.host.cutPower();
      await world.host.powerOn();
      const failed = await world.untilPhase(pod, "Failed");
      expect(failed.status?.reason).toBe("UnexpectedAdmissionError");
      expect(endOf(failed)).toBe("Unknown");
      await world.delete(pod);
      await world.untilGone(pod);
    });
  });
}

function conditionOf({ status }: Pod, wanted: string) {
  return status?.conditions?.find(({ type }) => type === wanted);
}

/** With what its container ended. */
function endOf({ status }: Pod): string | undefined {
  return status?.containerStatuses?.[0]?.state?.["terminated"]?.reason;
}
