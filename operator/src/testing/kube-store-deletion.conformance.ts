// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Conflict, NotFound, Refused } from "../ports/errors.ts";
import { resources } from "../ports/kube.ts";
import { errorOf, image, type KubeStoreWorld, pod, writer } from "./kube-store-world.ts";

const { images, pods } = resources;
const finalizers = ["kilonova.io/guest"];

export function describeDeletion(world: KubeStoreWorld): void {
  describe("deleting", () => {
    test("is at once, and once", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      await world.store.delete(images, made.metadata);
      expect(await errorOf(world.store.get(images, made.metadata))).toBeInstanceOf(NotFound);
      expect(await errorOf(world.store.delete(images, made.metadata))).toBeInstanceOf(NotFound);
    });

    test("waits for finalizers, and is not withdrawn", async () => {
      const object = image(await world.namespace(), "a", { finalizers });
      const made = await world.store.create(images, object, writer);
      await world.store.delete(images, made.metadata);
      const marked = await world.store.get(images, made.metadata);
      expect(marked.metadata.deletionTimestamp).toMatch(/Z$/);
      expect(marked.metadata.generation).toBe(2);
      await world.store.delete(images, made.metadata);
      expect(await world.store.get(images, made.metadata)).toEqual(marked);
      const metadata = { ...marked.metadata };
      delete metadata.deletionTimestamp;
      const kept = await world.store.update(images, { ...marked, metadata }, writer);
      expect(kept.metadata.deletionTimestamp).toBe(marked.metadata.deletionTimestamp);
    });

    test("ends with the last finalizer", async () => {
      const object = image(await world.namespace(), "a", { finalizers });
      const made = await world.store.create(images, object, writer);
      await world.store.delete(images, made.metadata);
      const marked = await world.store.get(images, made.metadata);
      const metadata = { ...marked.metadata, finalizers: [] };
      await world.store.update(images, { ...marked, metadata }, writer);
      expect(await errorOf(world.store.get(images, made.metadata))).toBeInstanceOf(NotFound);
    });

    test("ends by a patch as well", async () => {
      const object = image(await world.namespace(), "a", { finalizers });
      const made = await world.store.create(images, object, writer);
      await world.store.delete(images, made.metadata);
      const patch = { metadata: { finalizers: null } };
      await world.store.patch(images, made.metadata, patch, writer);
      expect(await errorOf(world.store.get(images, made.metadata))).toBeInstanceOf(NotFound);
    });

    test("takes no new finalizer", async () => {
      const object = image(await world.namespace(), "a", { finalizers });
      const made = await world.store.create(images, object, writer);
      await world.store.delete(images, made.metadata);
      const marked = await world.store.get(images, made.metadata);
      const metadata = { ...marked.metadata, finalizers: [...finalizers, "kilonova.io/second"] };
      const error = await errorOf(world.store.update(images, { ...marked, metadata }, writer));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ reason: "Invalid" });
    });

    test("of a pod on a node waits for the kubelet", async () => {
      const object = pod(await world.namespace(), "a", { nodeName: "node-1" });
      const made = await world.store.create(pods, object, writer);
      await world.store.delete(pods, made.metadata, { gracePeriodSeconds: 90 });
      const marked = await world.store.get(pods, made.metadata);
      expect(marked.metadata.deletionGracePeriodSeconds).toBe(90);
      await world.store.delete(pods, made.metadata, { gracePeriodSeconds: 0 });
      expect(await errorOf(world.store.get(pods, made.metadata))).toBeInstanceOf(NotFound);
    });

    test("of a pod on no node is at once", async () => {
      const made = await world.store.create(pods, pod(await world.namespace(), "a"), writer);
      expect(made.status?.phase).toBe("Pending");
      await world.store.delete(pods, made.metadata);
      expect(await errorOf(world.store.get(pods, made.metadata))).toBeInstanceOf(NotFound);
    });
  });
}

export function describePreconditions(world: KubeStoreWorld): void {
  describe("deleting with preconditions", () => {
    test("leaves another object of that name alone", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const uid = "00000000-0000-4000-8000-000000000000";
      const error = await errorOf(world.store.delete(images, made.metadata, { uid }));
      expect(error).toBeInstanceOf(Conflict);
      expect(await world.store.get(images, made.metadata)).toEqual(made);
    });

    test("leaves an object that changed alone", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const patch = { spec: { minDiskGib: 2 } };
      const changed = await world.store.patch(images, made.metadata, patch, writer);
      const { resourceVersion = "" } = made.metadata;
      const error = await errorOf(world.store.delete(images, made.metadata, { resourceVersion }));
      expect(error).toBeInstanceOf(Conflict);
      expect(await world.store.get(images, made.metadata)).toEqual(changed);
    });

    test("that hold let it happen", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const { uid = "", resourceVersion = "" } = made.metadata;
      await world.store.delete(images, made.metadata, { uid, resourceVersion });
      expect(await errorOf(world.store.get(images, made.metadata))).toBeInstanceOf(NotFound);
    });
  });
}
