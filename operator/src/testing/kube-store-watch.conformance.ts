// SPDX-License-Identifier: Apache-2.0
import { assert, describe, expect, test } from "vitest";
import type { Image } from "../api/kinds.ts";
import { Expired, Refused } from "../ports/errors.ts";
import { resources, type WatchEvent } from "../ports/kube.ts";
import { errorOf, image, type KubeStoreWorld, pod, take, writer } from "./kube-store-world.ts";

const { images, pods } = resources;
const forever = new AbortController().signal;

export function describeLists(world: KubeStoreWorld): void {
  describe("listing", () => {
    test("are of all namespaces or of one, in order", async () => {
      const [one, other] = [await world.namespace(), await world.namespace()];
      for (const object of [image(one, "b"), image(one, "a"), image(other, "c")]) {
        await world.store.create(images, object, writer);
      }
      const here = await world.store.list(images, { namespace: one, consistency: "quorum" });
      expect(here.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
      expect(here.items[0]).toMatchObject({ apiVersion: "kilonova.io/v1alpha1", kind: "Image" });
      expect(here.items[0]?.metadata).not.toHaveProperty("managedFields");
      const everywhere = await world.store.list(images, { consistency: "quorum" });
      const namespaces = new Set(everywhere.items.map(({ metadata }) => metadata.namespace));
      expect([...namespaces]).toEqual(expect.arrayContaining([one, other]));
    });

    test.for([
      { selector: "colour=red", names: ["red-big", "red-small"] },
      { selector: "colour!=red", names: ["blue", "none"] },
      { selector: "colour in (red, blue),size", names: ["red-big", "red-small"] },
      { selector: "size notin (big)", names: ["blue", "none", "red-small"] },
      { selector: "!colour", names: ["none"] },
    ])("with $selector are of those whose labels fit", async ({ selector, names }) => {
      const namespace = await world.namespace();
      const labelled = {
        "red-big": { colour: "red", size: "big" },
        "red-small": { colour: "red", size: "small" },
        blue: { colour: "blue" },
        none: {},
      };
      for (const [name, labels] of Object.entries(labelled)) {
        await world.store.create(images, image(namespace, name, { labels }), writer);
      }
      const options = { namespace, labelSelector: selector, consistency: "quorum" } as const;
      const { items } = await world.store.list(images, options);
      expect(items.map(({ metadata }) => metadata.name)).toEqual(names);
    });

    test("that select nothing tell the current version", async () => {
      const namespace = await world.namespace();
      const made = await world.store.create(images, image(namespace, "a"), writer);
      const options = { fieldSelector: "metadata.name=-", consistency: "quorum" } as const;
      const { items, resourceVersion } = await world.store.list(images, options);
      expect(items).toEqual([]);
      const madeVersion = Number(made.metadata.resourceVersion);
      expect(Number(resourceVersion)).toBeGreaterThanOrEqual(madeVersion);
    });

    test("select by fields that the kind offers, and by no others", async () => {
      const namespace = await world.namespace();
      await world.store.create(pods, pod(namespace, "a", { nodeName: "node-1" }), writer);
      await world.store.create(pods, pod(namespace, "b"), writer);
      const select = async (fieldSelector: string) => {
        const options = { namespace, fieldSelector, consistency: "quorum" } as const;
        const { items } = await world.store.list(pods, options);
        return items.map(({ metadata }) => metadata.name);
      };
      expect(await select("spec.nodeName=node-1")).toEqual(["a"]);
      expect(await select("spec.nodeName!=node-1")).toEqual(["b"]);
      expect(await select("metadata.name=b")).toEqual(["b"]);
      expect(await errorOf(select("spec.colour=red"))).toBeInstanceOf(Refused);
    });
  });
}

export function describeWatches(world: KubeStoreWorld): void {
  describe("watching", () => {
    test("tells every change after its version, in order", async () => {
      const namespace = await world.namespace();
      const { resourceVersion } = await world.store.list(images, {
        namespace,
        consistency: "quorum",
      });
      const a = await world.store.create(images, image(namespace, "a"), writer);
      const b = await world.store.create(images, image(namespace, "b"), writer);
      const changed = await world.store.patch(
        images,
        a.metadata,
        { spec: { minDiskGib: 2 } },
        writer,
      );
      await world.store.delete(images, b.metadata);
      const options = { namespace, resourceVersion, timeoutSeconds: 60 };
      const events = await take(world.store.watch(images, options, forever), 4);
      expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
        ["ADDED", "a"],
        ["ADDED", "b"],
        ["MODIFIED", "a"],
        ["DELETED", "b"],
      ]);
      expect(events.slice(0, 3).map(({ object }) => object)).toEqual([a, b, changed]);
      const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
      expect(versions).toEqual(versions.toSorted((one, other) => one - other));
      expect(new Set(versions).size).toBe(4);
    });

    test("goes on from any version that it told", async () => {
      const namespace = await world.namespace();
      const a = await world.store.create(images, image(namespace, "a"), writer);
      await world.store.create(images, image(namespace, "b"), writer);
      const { resourceVersion = "" } = a.metadata;
      const options = { namespace, resourceVersion, timeoutSeconds: 60 };
      const events = await take(world.store.watch(images, options, forever), 1);
      expect(events.map(({ object }) => object.metadata.name)).toEqual(["b"]);
    });

    test("with a selector tells what comes into it and what leaves it", async () => {
      const namespace = await world.namespace();
      const { resourceVersion } = await world.store.list(images, {
        namespace,
        consistency: "quorum",
      });
      const a = await world.store.create(images, image(namespace, "a"), writer);
      for (const colour of ["red", "red", "blue"]) {
        const patch = { metadata: { labels: { colour, count: world.name() } } };
        await world.store.patch(images, a.metadata, patch, writer);
      }
      const selector = { namespace, labelSelector: "colour=red" };
      const options = { ...selector, resourceVersion, timeoutSeconds: 60 };
      const events = await take(world.store.watch(images, options, forever), 3);
      expect(events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    });

    test("tells that a deletion is marked, then that it is done", async () => {
      const namespace = await world.namespace();
      const object = image(namespace, "a", { finalizers: ["kilonova.io/guest"] });
      const made = await world.store.create(images, object, writer);
      const { resourceVersion = "" } = made.metadata;
      await world.store.delete(images, made.metadata);
      await world.store.patch(images, made.metadata, { metadata: { finalizers: null } }, writer);
      const options = { namespace, resourceVersion, timeoutSeconds: 60 };
      const events = await take(world.store.watch(images, options, forever), 2);
      expect(events.map(({ type }) => type)).toEqual(["MODIFIED", "DELETED"]);
      expect(events[0]?.object.metadata.deletionTimestamp).toBeDefined();
    });
  });
}

export function describeWatchEnds(world: KubeStoreWorld): void {
  describe("ending a watch", () => {
    test("comes with its time, after a bookmark, and is no error", async () => {
      const namespace = await world.namespace();
      const { resourceVersion } = await world.store.list(images, {
        namespace,
        consistency: "quorum",
      });
      const options = { namespace, resourceVersion, timeoutSeconds: 6 };
      const events: WatchEvent<Image>[] = [];
      const reading = (async () => {
        for await (const event of world.store.watch(images, options, forever)) events.push(event);
      })();
      await world.host.elapse(1);
      const made = await world.store.create(images, image(namespace, "a"), writer);
      await world.host.elapse(6);
      await reading;
      const [added, bookmark, ...others] = events;
      expect(added).toEqual({ type: "ADDED", object: made });
      assert(bookmark?.type === "BOOKMARK");
      const { resourceVersion: madeVersion } = made.metadata;
      expect(Number(bookmark.resourceVersion)).toBeGreaterThanOrEqual(Number(madeVersion));
      expect(others.every(({ type }) => type === "BOOKMARK")).toBe(true);
    });

    test("is no error when the reader aborts", async () => {
      const namespace = await world.namespace();
      const made = await world.store.create(images, image(namespace, "a"), writer);
      const stop = new AbortController();
      const { resourceVersion = "" } = made.metadata;
      const options = { namespace, resourceVersion, timeoutSeconds: 60 };
      const reading = take(world.store.watch(images, options, stop.signal), 2);
      await world.store.patch(images, made.metadata, { spec: { minDiskGib: 2 } }, writer);
      await world.host.elapse(0.5);
      stop.abort();
      expect(await reading).toHaveLength(1);
    });

    test("is Expired when the history is gone", async () => {
      const namespace = await world.namespace();
      await world.store.create(images, image(namespace, "a"), writer);
      await world.host.forgetHistory();
      const options = { namespace, resourceVersion: "1", timeoutSeconds: 60 };
      const act = take(world.store.watch(images, options, forever), 1);
      expect(await errorOf(act)).toBeInstanceOf(Expired);
    });
  });
}
