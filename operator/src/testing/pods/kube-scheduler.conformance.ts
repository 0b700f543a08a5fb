// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { parseQuantity } from "../../core/lib/quantity.ts";
import { Conflict } from "../../ports/errors.ts";
import { type Pod, resources } from "../../ports/kube.ts";
import { device } from "./kubelet.conformance.ts";
import { type PodWorld, writer } from "./pod-world.ts";

export function describeScheduling(world: PodWorld): void {
  const untilUnscheduled = (pod: Pod): Promise<Pod> =>
    world.untilPod(pod, "it has no place", (found) => scheduledOf(found)?.status === "False");

  async function expectUnscheduled(pod: Pod, why: string): Promise<void> {
    const found = await untilUnscheduled(pod);
    expect(found.status?.phase).toBe("Pending");
    expect(found.spec.nodeName).toBeUndefined();
    expect(scheduledOf(found)).toMatchObject({ reason: "Unschedulable" });
    expect(scheduledOf(found)?.message).toMatch(/^0\/\d+ nodes are available: /);
    expect(scheduledOf(found)?.message).toContain(why);
  }

  describe("that looks for the one node of a pod", () => {
    test("waits for a node that is not there, and binds the pod when it comes", async () => {
      const host = "node-of-conformance";
      const pod = await world.create({ host });
      await expectUnscheduled(pod, "node(s) didn't satisfy plugin(s) [NodeAffinity]");
      await makeNode(world, host);
      const bound = await world.untilPod(pod, "bound", ({ spec }) => spec.nodeName === host);
      expect(bound.status?.phase).toBe("Pending");
      expect(scheduledOf(bound)?.status).toBe("True");
      // Garbage collection: nobody else can end it.
      await world.host.store.delete(resources.nodes, { name: host });
      await world.untilGone(pod, 150);
    });

    test("waits for memory, and binds the pod when another one goes or ends", async () => {
      const memory = await mostOf(world);
      const first = await world.run({ memory, endsWithinMs: 0 });
      const second = await world.create({ memory });
      await expectUnscheduled(second, "1 Insufficient memory");
      await world.delete(first);
      await world.untilPhase(second, "Running");
      const third = await world.create({ memory });
      await expectUnscheduled(third, "1 Insufficient memory");
      await world.host.end(second.metadata.name, "well");
      await world.untilPhase(third, "Running");
      for (const pod of [second, third]) await world.delete(pod, 0);
    });

    test("waits for a device that no plugin offers", async () => {
      const pod = await world.create({ devices: { "conformance.example/none": "1" } });
      await expectUnscheduled(pod, "1 Insufficient conformance.example/none");
      await world.delete(pod);
      expect(await world.find(pod)).toBeUndefined();
    });

    test("counts a device that a pod has, and binds the next when that is gone", async () => {
      const stop = await world.host.serveDevices(device);
      const devices = { [device.name]: "1" };
      const first = await world.run({ devices, endsWithinMs: 0 });
      const second = await world.create({ devices });
      await expectUnscheduled(second, `1 Insufficient ${device.name}`);
      await world.delete(first);
      await world.untilPhase(second, "Running");
      await stop();
      await world.delete(second, 0);
    });

    test("takes no notice of a cordon when the pod tolerates everything", async () => {
      const name = world.host.node;
      const cordon = async (unschedulable: boolean | null): Promise<void> => {
        const change = { spec: { unschedulable } };
        await world.host.store.patch(resources.nodes, { name }, change, writer);
      };
      await cordon(true);
      try {
        const pod = await world.create();
        const running = await world.untilPhase(pod, "Running");
        expect(running.spec.nodeName).toBe(name);
        await world.delete(pod, 0);
      } finally {
        await cordon(null);
      }
    });
  });
}

/** A node that exists in the API server only. Controllers write to it as soon as it is there. */
async function makeNode(world: PodWorld, name: string): Promise<void> {
  const { store } = world.host;
  const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
  await store.create(resources.nodes, node, writer);
  const allocatable = { cpu: "1", memory: "1Gi", pods: "10" };
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { allocatable, capacity: allocatable, conditions };
  await world.until("the node says that it is ready", async () => {
    try {
      const made = await store.get(resources.nodes, { name });
      await store.updateStatus(resources.nodes, { ...made, status }, writer);
      return true;
    } catch (error) {
      if (error instanceof Conflict) return false;
      throw error;
    }
  });
}

/** Memory of which the node has enough once, and not twice. */
async function mostOf({ host: { store, node } }: PodWorld): Promise<string> {
  const { status } = await store.get(resources.nodes, { name: node });
  const bytes = parseQuantity(status?.allocatable?.["memory"] ?? "") ?? 0;
  return `${Math.floor((bytes * 0.55) / 2 ** 20)}Mi`;
}

function scheduledOf({ status }: Pod) {
  return status?.conditions?.find(({ type }) => type === "PodScheduled");
}
