// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import type { Image } from "../api/kinds.ts";
import { TimedOut, Unavailable } from "../ports/errors.ts";
import { resources } from "../ports/kube.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeKube } from "./fake-kube.ts";
import { interceptKube } from "./intercepted-kube.ts";
import { describeKubeStoreConformance } from "./kube-store.conformance.ts";
import { errorOf, image, pod, take, writer } from "./kube-store-world.ts";
import { SeededRandom } from "./seeded-random.ts";

describeKubeStoreConformance("fake", async () => {
  const clock = new FakeClock();
  const store = new FakeKube({ clock, random: new SeededRandom(1) });
  return {
    store,
    createNamespace: async () => undefined,
    elapse: (seconds) => clock.advance(seconds * 1000),
    forgetHistory: async () => store.compact(),
    close: async () => undefined,
  };
});

describe("the fake API server's own controls", () => {
  let clock: FakeClock;
  let kube: FakeKube;
  beforeEach(() => {
    clock = new FakeClock();
    kube = new FakeKube({ clock, random: new SeededRandom(1) });
  });

  const { images, pods } = resources;
  const forever = new AbortController().signal;
  const names = async (consistency: "cached" | "quorum"): Promise<string[]> => {
    const { items } = await kube.list(images, { consistency });
    return items.map(({ metadata }) => metadata.name);
  };

  test("delay what watches and cached lists see", async () => {
    kube.watchLagMs = 500;
    const a = await kube.create(images, image("tenant", "a"), writer);
    await clock.advance(300);
    await kube.create(images, image("tenant", "b"), writer);
    await kube.delete(images, a.metadata);
    const options = { resourceVersion: "0", timeoutSeconds: 60 };
    const seen: string[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const event of kube.watch(images, options, stop.signal)) {
        if (event.type !== "BOOKMARK") seen.push(`${event.type} ${event.object.metadata.name}`);
      }
    })();
    expect([await names("cached"), await names("quorum")]).toEqual([[], ["b"]]);
    expect((await kube.list(images, { consistency: "cached" })).resourceVersion).toBe("0");
    await clock.advance(200);
    expect([await names("cached"), seen]).toEqual([["a"], ["ADDED a"]]);
    await clock.advance(300);
    stop.abort();
    await reading;
    expect(seen).toEqual(["ADDED a", "ADDED b", "DELETED a"]);
    expect(await names("cached")).toEqual(["b"]);
  });

  test("end watches with an error, and silence them", async () => {
    const options = { resourceVersion: "0", timeoutSeconds: 60 };
    const failing = errorOf(take(kube.watch(images, options, forever), 1));
    await clock.advance(0);
    kube.dropWatches(new Unavailable("connection reset"));
    expect(await failing).toBeInstanceOf(Unavailable);

    const stop = new AbortController();
    let hasEnded = false;
    const silent = take(kube.watch(images, options, stop.signal), 1).finally(() => {
      hasEnded = true;
    });
    await clock.advance(0);
    kube.silenceWatches();
    await kube.create(images, image("tenant", "a"), writer);
    await clock.advance(3_600_000);
    expect(hasEnded).toBe(false);
    stop.abort();
    expect(await silent).toEqual([]);
  });

  test("collect what has lost all its owners, and what that leaves behind", async () => {
    const owner = await kube.create(images, image("tenant", "owner"), writer);
    const owned = (name: string, ...owners: readonly Image[]): Image =>
      image("tenant", name, {
        ownerReferences: owners.map(({ apiVersion, kind, metadata }) => ({
          apiVersion,
          kind,
          name: metadata.name,
          uid: metadata.uid,
        })),
      });
    const child = await kube.create(images, owned("child", owner), writer);
    await kube.create(images, owned("grandchild", child), writer);
    const other = await kube.create(images, image("tenant", "other"), writer);
    await kube.create(images, owned("shared", owner, other), writer);
    expect(kube.collectGarbage()).toBe(0);
    await kube.delete(images, owner.metadata);
    expect(kube.collectGarbage()).toBe(2);
    expect(await names("quorum")).toEqual(["other", "shared"]);
  });

  test("delete a namespace, which takes nothing new and lasts until it is empty", async () => {
    const finalizers = ["kilonova.io/guest"];
    const held = await kube.create(images, image("tenant", "held", { finalizers }), writer);
    await kube.create(images, image("tenant", "free"), writer);
    await kube.create(pods, pod("other", "a"), writer);
    kube.deleteNamespace("tenant");
    expect([kube.isTerminating("tenant"), await names("quorum")]).toEqual([true, ["held"]]);
    const late = await errorOf(kube.create(images, image("tenant", "late"), writer));
    expect(late).toMatchObject({ name: "Refused", reason: "Forbidden" });
    await kube.patch(images, held.metadata, { metadata: { finalizers: null } }, writer);
    expect(kube.isTerminating("tenant")).toBe(false);
    await kube.create(images, image("tenant", "late"), writer);
  });

  test("keep account of writes that succeeded", async () => {
    const made = await kube.create(images, image("tenant", "a"), writer);
    await errorOf(kube.create(images, image("tenant", "a"), writer));
    await kube.update(images, made, writer);
    await kube.delete(images, made.metadata);
    expect(kube.writes.map(({ verb, kind, key }) => `${verb} ${kind} ${key}`)).toEqual([
      "create Image tenant/a",
      "update Image tenant/a",
      "delete Image tenant/a",
    ]);
  });

  test("hand nothing out that the client could change in the store", async () => {
    const made = await kube.create(images, image("tenant", "a", { labels: { a: "b" } }), writer);
    expect(() => Object.assign(made.metadata.labels ?? {}, { a: "changed" })).toThrow(TypeError);
    expect((await kube.get(images, made.metadata)).metadata.labels).toEqual({ a: "b" });
  });

  test("stand between one client and the server", async () => {
    const log: string[] = [];
    const client = interceptKube(kube, {
      async before({ verb, kind, key }) {
        log.push(`before ${verb} ${kind} ${key}`);
        await clock.sleep(100);
      },
      after({ verb }) {
        log.push(`after ${verb}`);
        if (verb === "create") throw new TimedOut("no answer");
      },
    });
    const creating = errorOf(client.create(images, image("tenant", "a"), writer));
    await clock.advance(100);
    expect(await creating).toBeInstanceOf(TimedOut);
    expect(await names("quorum")).toEqual(["a"]);
    expect(log).toEqual(["before create Image tenant/a", "after create"]);
  });
});
