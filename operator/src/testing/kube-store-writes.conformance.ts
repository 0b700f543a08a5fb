// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { AlreadyExists, Conflict, NotFound, Refused } from "../ports/errors.ts";
import { resources } from "../ports/kube.ts";
import { errorOf, hypervisor, image, type KubeStoreWorld, writer } from "./kube-store-world.ts";

const { images, hypervisors } = resources;

export function describeCreation(world: KubeStoreWorld): void {
  describe("creating", () => {
    test("gives identity, version, generation and defaults, and no managedFields", async () => {
      const { spec, ...rest } = image(await world.namespace(), "a");
      const { format: _, minMemoryMib: __, ...sparse } = spec;
      const made = await world.store.create(images, { ...rest, spec: sparse } as never, writer);
      expect(made.metadata).toMatchObject({
        name: "a",
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
        generation: 1,
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      });
      expect(made.metadata).not.toHaveProperty("managedFields");
      expect(made.spec).toEqual(spec);
      expect(await world.store.get(images, made.metadata)).toEqual(made);
    });

    test("drops a status", async () => {
      const object = { ...hypervisor(world.name()), status: { state: "up" } as const };
      expect(await world.store.create(hypervisors, object, writer)).not.toHaveProperty("status");
    });

    test("is refused when the name is taken", async () => {
      const object = image(await world.namespace(), "a");
      await world.store.create(images, object, writer);
      const error = await errorOf(world.store.create(images, object, writer));
      expect(error).toBeInstanceOf(AlreadyExists);
    });

    test("of what was read is a bug", async () => {
      const object = image(await world.namespace(), "a", { resourceVersion: "1" });
      const error = await errorOf(world.store.create(images, object, writer));
      expect(error).toBeInstanceOf(TypeError);
    });

    test("twice under one name gives two uids", async () => {
      const object = image(await world.namespace(), "a");
      const first = await world.store.create(images, object, writer);
      await world.store.delete(images, first.metadata);
      const second = await world.store.create(images, object, writer);
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
    });
  });
}

export function describeValidation(world: KubeStoreWorld): void {
  describe("validating", () => {
    test("refuses a value out of bounds", async () => {
      const object = image(await world.namespace(), "a");
      const wrong = { ...object, spec: { ...object.spec, minDiskGib: -1 } };
      const error = await errorOf(world.store.create(images, wrong, writer));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({
        reason: "Invalid",
        message: expect.stringContaining("minDisk"),
      });
    });

    test("refuses a member that the schema does not know", async () => {
      const object = image(await world.namespace(), "a");
      const wrong = { ...object, spec: { ...object.spec, colour: "red" } };
      const error = await errorOf(world.store.create(images, wrong, writer));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({
        reason: "BadRequest",
        message: expect.stringContaining("colour"),
      });
    });

    test("refuses the change of what is immutable, with the rule's own words", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const changed = { ...made, spec: { ...made.spec, format: "raw" } as const };
      const error = await errorOf(world.store.update(images, changed, writer));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ message: expect.stringContaining("format is immutable") });
    });

    test("refuses a name that is none", async () => {
      const object = image(await world.namespace(), "Not_A_Name");
      const error = await errorOf(world.store.create(images, object, writer));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ reason: "Invalid" });
    });

    test("refuses a status that does not fit its schema", async () => {
      const made = await world.store.create(hypervisors, hypervisor(world.name()), writer);
      const wrong = { ...made, status: { state: "sideways" as never } };
      const error = await errorOf(world.store.updateStatus(hypervisors, wrong, writer));
      expect(error).toMatchObject({ reason: "Invalid" });
    });
  });
}

export function describeUpdates(world: KubeStoreWorld): void {
  describe("updating", () => {
    test("counts the generation for the spec only", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const metadata = { ...made.metadata, labels: { colour: "red" } };
      const labelled = await world.store.update(images, { ...made, metadata }, writer);
      expect(labelled.metadata).toMatchObject({ generation: 1, labels: { colour: "red" } });
      const spec = { ...labelled.spec, minDiskGib: 2 };
      const changed = await world.store.update(images, { ...labelled, spec }, writer);
      expect(changed.metadata).toMatchObject({ generation: 2, labels: { colour: "red" } });
      expect(Number(changed.metadata.resourceVersion)).toBeGreaterThan(
        Number(made.metadata.resourceVersion),
      );
    });

    test("that say nothing new leave the version alone", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      expect(await world.store.update(images, made, writer)).toEqual(made);
    });

    test("conflict when they were read too early", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const spec = { ...made.spec, minDiskGib: 2 };
      await world.store.update(images, { ...made, spec }, writer);
      const error = await errorOf(world.store.update(images, { ...made, spec }, writer));
      expect(error).toBeInstanceOf(Conflict);
    });

    test("conflict when they mean another object of that name", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const metadata = { ...made.metadata, uid: "00000000-0000-4000-8000-000000000000" };
      const error = await errorOf(world.store.update(images, { ...made, metadata }, writer));
      expect(error).toBeInstanceOf(Conflict);
    });

    test("must say which version they change", async () => {
      const object = image(await world.namespace(), "a");
      await world.store.create(images, object, writer);
      const error = await errorOf(world.store.update(images, object, writer));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ reason: "Invalid" });
    });

    test("cannot change what the API server keeps in metadata", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const { uid, creationTimestamp } = made.metadata;
      const metadata = {
        ...made.metadata,
        generation: 77,
        creationTimestamp: "2001-01-01T00:00:00Z",
      };
      const updated = await world.store.update(images, { ...made, metadata }, writer);
      expect(updated.metadata).toMatchObject({ uid, creationTimestamp, generation: 1 });
    });

    test("cannot mark a deletion", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const metadata = { ...made.metadata, deletionTimestamp: "2001-01-01T00:00:00Z" };
      const error = await errorOf(world.store.update(images, { ...made, metadata }, writer));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ reason: "Invalid" });
    });

    test("need an object", async () => {
      const metadata = { resourceVersion: "1" };
      const missing = image(await world.namespace(), "missing", metadata);
      const { store } = world;
      expect(await errorOf(store.get(images, missing.metadata))).toBeInstanceOf(NotFound);
      expect(await errorOf(store.update(images, missing, writer))).toBeInstanceOf(NotFound);
      expect(await errorOf(store.updateStatus(images, missing, writer))).toBeInstanceOf(NotFound);
      expect(await errorOf(store.patch(images, missing.metadata, {}, writer))).toBeInstanceOf(
        NotFound,
      );
    });
  });
}

export function describeStatus(world: KubeStoreWorld): void {
  describe("updating status", () => {
    test("and the rest are written apart", async () => {
      const made = await world.store.create(hypervisors, hypervisor(world.name()), writer);
      const spec = { ...made.spec, isDisabled: true };
      const metadata = { ...made.metadata, labels: { colour: "red" } };
      const both = { ...made, metadata, spec, status: { state: "up" } as const };
      const told = await world.store.updateStatus(hypervisors, both, writer);
      expect(told).toMatchObject({ spec: made.spec, status: { state: "up" } });
      expect(told.metadata).not.toHaveProperty("labels");
      expect(told.metadata.generation).toBe(1);
      const status = { state: "down" } as const;
      const changed = await world.store.update(hypervisors, { ...told, spec, status }, writer);
      expect(changed).toMatchObject({ spec: { isDisabled: true }, status: { state: "up" } });
      expect(changed.metadata.generation).toBe(2);
    });

    test("says nothing new: the version stays", async () => {
      const made = await world.store.create(hypervisors, hypervisor(world.name()), writer);
      const up = { ...made, status: { state: "up" } as const };
      const told = await world.store.updateStatus(hypervisors, up, writer);
      expect(await world.store.updateStatus(hypervisors, told, writer)).toEqual(told);
    });

    test("conflicts when it was read too early", async () => {
      const made = await world.store.create(hypervisors, hypervisor(world.name()), writer);
      const up = { ...made, status: { state: "up" } as const };
      await world.store.updateStatus(hypervisors, up, writer);
      const down = { ...made, status: { state: "down" } as const };
      const error = await errorOf(world.store.updateStatus(hypervisors, down, writer));
      expect(error).toBeInstanceOf(Conflict);
    });
  });
}

export function describePatches(world: KubeStoreWorld): void {
  describe("patching", () => {
    test("set, replace and remove members", async () => {
      const labels = { colour: "red", size: "small" };
      const object = image(await world.namespace(), "a", { labels });
      const made = await world.store.create(images, object, writer);
      const patch = {
        metadata: { labels: { colour: null, shape: "round" } },
        spec: { minDiskGib: 2 },
        status: { observedGeneration: 9 },
      };
      const patched = await world.store.patch(images, made.metadata, patch, writer);
      expect(patched.metadata.labels).toEqual({ size: "small", shape: "round" });
      expect(patched.spec).toEqual({ ...made.spec, minDiskGib: 2 });
      expect(patched.metadata.generation).toBe(2);
      expect(patched).not.toHaveProperty("status");
    });

    test("are conditional when they name a version", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const { resourceVersion } = made.metadata;
      const patch = { metadata: { resourceVersion, labels: { colour: "red" } } };
      await world.store.patch(images, made.metadata, patch, writer);
      const second = { metadata: { resourceVersion, labels: { colour: "blue" } } };
      const error = await errorOf(world.store.patch(images, made.metadata, second, writer));
      expect(error).toBeInstanceOf(Conflict);
    });

    test("that say nothing new leave the version alone", async () => {
      const made = await world.store.create(images, image(await world.namespace(), "a"), writer);
      const same = await world.store.patch(images, made.metadata, { spec: made.spec }, writer);
      expect(same.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    });
  });
}
