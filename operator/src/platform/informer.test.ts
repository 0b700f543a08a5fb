// SPDX-License-Identifier: Apache-2.0
import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import type { Image } from "../api/kinds.ts";
import { NotServed, Unavailable } from "../ports/errors.ts";
import { type KubeStore, resources } from "../ports/kube.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { interceptKube, type KubeCall } from "../testing/intercepted-kube.ts";
import { image, writer } from "../testing/kube-store-world.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { type Change, Informer, type InformerOptions } from "./informer.ts";
import { Metrics } from "./metrics.ts";

const { images } = resources;

describe("an informer", () => {
  let clock: FakeClock;
  let kube: FakeKube;
  let log: FakeLogger;
  let metrics: Metrics;
  let stop: AbortController;
  let running: Promise<void>;
  let changes: Change<Image>[];
  let calls: KubeCall[];
  /** Thrown by calls of these verbs while it holds them. */
  let faults: Map<string, Error>;

  beforeEach(() => {
    clock = new FakeClock();
    kube = new FakeKube({ clock, random: new SeededRandom(1) });
    log = new FakeLogger();
    metrics = new Metrics();
    stop = new AbortController();
    running = Promise.resolve();
    changes = [];
    calls = [];
    faults = new Map();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    assert.equal(clock.pending, 0);
  });

  function client(): KubeStore {
    return interceptKube(kube, {
      before(call) {
        calls.push(call);
        const fault = faults.get(call.verb);
        if (fault !== undefined) throw fault;
      },
    });
  }

  async function start(options: Partial<InformerOptions<Image>> = {}): Promise<Informer<Image>> {
    const informer = new Informer<Image>({
      kube: client(),
      type: images,
      clock,
      random: new SeededRandom(2),
      log,
      metrics,
      ...options,
    });
    informer.onChange((change) => changes.push(change));
    running = informer.run(stop.signal);
    await clock.advance(0);
    return informer;
  }

  const create = (name: string, metadata: object = {}): Promise<Image> =>
    kube.create(images, image("default", name, metadata), writer);
  const count = (verb: string): number => calls.filter((call) => call.verb === verb).length;
  const names = (informer: Informer<Image>): string[] =>
    informer.list().map(({ metadata }) => metadata.name);

  test("holds nothing of a kind that the API server does not know, until it does", async () => {
    faults.set("list", new NotServed("the server could not find the requested resource"));
    const informer = await start({ mayBeAbsent: true });
    expect([informer.hasSynced, informer.list()]).toEqual([true, []]);
    await create("a");
    faults.clear();
    await clock.advance(20_000);
    expect(names(informer)).toEqual(["a"]);
    faults.set("list", new NotServed("the kind was taken away"));
    faults.set("watch", new NotServed("the kind was taken away"));
    kube.dropWatches();
    await clock.advance(20_000);
    expect(names(informer)).toEqual([]);
    expect(log.lines.filter(({ err }) => err instanceof NotServed)).toEqual([]);
  });

  test("holds what there is and what comes, as it changes", async () => {
    const a = await create("a");
    const informer = await start();
    expect(informer.hasSynced).toBe(true);
    expect(informer.get("default/a")).toEqual(a);
    const b = await create("b");
    const changed = await kube.patch(images, a.metadata, { spec: { minDiskGib: 5 } }, writer);
    await kube.delete(images, b.metadata);
    await clock.advance(0);
    expect(informer.list()).toEqual([changed]);
    expect(changes).toEqual([
      { key: "default/a", old: undefined, current: a },
      { key: "default/b", old: undefined, current: b },
      { key: "default/a", old: a, current: changed },
      { key: "default/b", old: b, current: undefined },
    ]);
  });

  test("freezes its objects through and through", async () => {
    const a = await create("a", { labels: { colour: "red" } });
    const informer = await start();
    const held = informer.get("default/a");
    expect(() => Object.assign(held?.metadata.labels ?? {}, { colour: "blue" })).toThrow(TypeError);
    expect(informer.get("default/a")).toEqual(a);
  });

  test("finds objects by its indexes, as they change", async () => {
    const indexes = { colour: ({ metadata }: Image) => [metadata.labels?.["colour"] ?? "none"] };
    const a = await create("a", { labels: { colour: "red" } });
    await create("b");
    const informer = await start({ indexes });
    expect(informer.byIndex("colour", "red")).toEqual([a]);
    const patch = { metadata: { labels: { colour: "blue" } } };
    const changed = await kube.patch(images, a.metadata, patch, writer);
    await clock.advance(0);
    expect(informer.byIndex("colour", "red")).toEqual([]);
    expect(informer.byIndex("colour", "blue")).toEqual([changed]);
    await kube.delete(images, a.metadata);
    await clock.advance(0);
    expect(informer.byIndex("colour", "blue")).toEqual([]);
    expect(() => informer.byIndex("size", "big")).toThrow("there is no index size");
  });

  test("looks at what its selector selects only", async () => {
    await create("a", { labels: { colour: "red" } });
    await create("b");
    const informer = await start({ selector: { labelSelector: "colour=red" } });
    expect(names(informer)).toEqual(["a"]);
  });

  test("has synced only when the handlers saw the first list", async () => {
    await create("a");
    faults.set("list", new Unavailable("down"));
    const informer = await start();
    let seenAtSync = -1;
    const synced = informer.synced(stop.signal).then(() => (seenAtSync = changes.length));
    await clock.advance(10_000);
    expect(informer.hasSynced).toBe(false);
    faults.clear();
    await clock.advance(20_000);
    await synced;
    expect(seenAtSync).toBe(1);
    await informer.synced(stop.signal);
  });

  test("does not wait for a sync beyond an abort", async () => {
    faults.set("list", new Unavailable("down"));
    const informer = await start();
    const abort = new AbortController();
    const synced = informer.synced(abort.signal);
    abort.abort(new Error("enough"));
    await expect(synced).rejects.toThrow("enough");
    await expect(informer.synced(abort.signal)).rejects.toThrow("enough");
  });

  test("resumes a watch that ends, without a list, a gap or a repetition", async () => {
    const informer = await start();
    const a = await create("a");
    await kube.patch(images, a.metadata, { spec: { minDiskGib: 5 } }, writer);
    await clock.advance(0);
    kube.dropWatches();
    await create("b");
    await clock.advance(30_000);
    expect(names(informer)).toEqual(["a", "b"]);
    expect(changes).toHaveLength(3);
    expect(count("list")).toBe(1);
    expect(count("watch")).toBe(2);
  });

  test("goes through its watches' lifetimes, idle, with one request each", async () => {
    await start();
    await clock.advance(3_600_000);
    expect(count("list")).toBe(1);
    expect(count("watch")).toBeGreaterThanOrEqual(3_600 / 360);
    expect(count("watch")).toBeLessThanOrEqual(3_600 / 180 + 1);
    expect(kube.writes).toEqual([]);
    expect(await metrics.text()).toContain('restarts_total{resource="images",cause="ended"}');
  });

  test("resumes from bookmarks: what is forgotten before them is not missed", async () => {
    const informer = await start();
    // Not of this kind: only a bookmark tells that the version went on.
    const flavor = { apiVersion: "kilonova.io/v1alpha1", kind: "Flavor", metadata: { name: "f" } };
    const spec = { vcpus: 1, memoryMib: 64, rootDiskGib: 0, isDisabled: false };
    await kube.create(resources.flavors, { ...flavor, spec }, writer);
    kube.sendBookmarks();
    await clock.advance(0);
    kube.compact();
    kube.dropWatches();
    await clock.advance(30_000);
    await create("a");
    await clock.advance(0);
    expect(names(informer)).toEqual(["a"]);
    expect(count("list")).toBe(1);
  });

  test("lists anew when the history is gone, and tells what went meanwhile", async () => {
    const [a, b] = [await create("a"), await create("b")];
    const informer = await start();
    faults.set("watch", new Unavailable("down"));
    kube.dropWatches();
    await kube.delete(images, a.metadata);
    const c = await create("c");
    kube.compact();
    await clock.advance(10_000);
    changes.length = 0;
    faults.clear();
    await clock.advance(60_000);
    expect(informer.list()).toEqual([b, c]);
    expect(changes).toEqual([
      { key: "default/c", old: undefined, current: c },
      { key: "default/a", old: a, current: undefined },
    ]);
    expect(await metrics.text()).toContain('kilonova_lists_total{resource="images"} 2');
  });

  test("tells an object that was replaced while it did not look", async () => {
    const first = await create("a");
    await start();
    faults.set("watch", new Unavailable("down"));
    kube.dropWatches();
    await kube.delete(images, first.metadata);
    const second = await create("a");
    kube.compact();
    faults.clear();
    await clock.advance(60_000);
    expect(changes.at(-1)).toEqual({ key: "default/a", old: first, current: second });
  });

  test("notices that the API server was restored from a backup", async () => {
    const a = await create("a");
    const backup = kube.backup();
    await kube.patch(images, a.metadata, { spec: { minDiskGib: 5 } }, writer);
    await create("b");
    await create("c");
    const informer = await start();
    kube.restore(backup);
    // Versions are given out again, to other contents and to other objects.
    const again = await kube.patch(images, a.metadata, { spec: { minDiskGib: 7 } }, writer);
    expect(again.metadata.resourceVersion).toBe(
      informer.get("default/a")?.metadata.resourceVersion,
    );
    const d = await create("d");
    await clock.advance(60_000);
    expect(informer.list()).toEqual([again, d]);
    expect(log.lines.some(({ message }) => message === "API server went back in time")).toBe(true);
  });

  test("ends a watch that fell silent", async () => {
    const informer = await start();
    kube.silenceWatches();
    await create("a");
    await clock.advance(360_000 + 15_000);
    expect(names(informer)).toEqual(["a"]);
    expect(count("list")).toBe(1);
    expect(await metrics.text()).toContain('restarts_total{resource="images",cause="silent"} 1');
  });

  test("backs off while the API server is away, up to 20 seconds", async () => {
    faults.set("list", new Unavailable("down"));
    await start();
    await clock.advance(60_000);
    const early = count("list");
    expect(early).toBeGreaterThan(5);
    await clock.advance(600_000);
    expect(count("list") - early).toBeLessThanOrEqual(60);
    expect(count("list") - early).toBeGreaterThanOrEqual(30);
  });

  test("is as patient as the API server asks", async () => {
    faults.set("list", new Unavailable("busy", undefined, 100));
    await start();
    await clock.advance(99_000);
    expect(count("list")).toBe(1);
  });

  test("backs off when watches end as soon as they begin", async () => {
    await start();
    for (let second = 0; second < 60; second += 1) {
      kube.dropWatches();
      await clock.advance(1_000);
    }
    expect(count("watch")).toBeLessThan(15);
  });

  test("survives an error that is no PortError", async () => {
    faults.set("list", new TypeError("undefined is not a function"));
    const informer = await start();
    await clock.advance(1_000);
    faults.clear();
    await clock.advance(30_000);
    expect(informer.hasSynced).toBe(true);
    expect(log.lines.some(({ message }) => message === "list or watch failed")).toBe(true);
  });

  test("lists first as it is told, then always as fresh as etcd", async () => {
    const consistencies: string[] = [];
    const spy: KubeStore = {
      ...client(),
      list(type, options) {
        if (options.fieldSelector === undefined) consistencies.push(options.consistency);
        return kube.list(type, options);
      },
    };
    const relist = async (): Promise<void> => {
      await create(`object-${consistencies.length}`);
      kube.compact();
      kube.dropWatches();
      faults.clear();
      await clock.advance(60_000);
    };
    faults.set("watch", new Unavailable("down"));
    await start({ kube: spy });
    await relist();
    expect(consistencies).toEqual(["cached", "quorum"]);
    stop.abort();
    await running;
    stop = new AbortController();
    await start({ kube: spy, firstList: "quorum" });
    expect(consistencies).toEqual(["cached", "quorum", "quorum"]);
  });

  test("tells nothing more once it was stopped", async () => {
    await create("a");
    const slow = interceptKube(kube, { after: () => clock.sleep(1_000) });
    await start({ kube: slow });
    stop.abort();
    await clock.advance(1_000);
    expect(changes).toEqual([]);
  });

  test("hands everything out again when it shall resync", async () => {
    const a = await create("a");
    await start({ resyncSeconds: 30 });
    changes.length = 0;
    await clock.advance(60_000);
    const again = { key: "default/a", old: a, current: a };
    expect(changes).toEqual([again, again]);
  });

  test("does not let one handler's bug keep the others from a change", async () => {
    const informer = new Informer<Image>({
      kube: client(),
      type: images,
      clock,
      random: new SeededRandom(2),
      log,
    });
    const keys: string[] = [];
    informer.onChange(() => {
      throw new TypeError("undefined is not a function");
    });
    informer.onChange(({ key }) => keys.push(key));
    running = informer.run(stop.signal);
    await create("a");
    await clock.advance(0);
    expect(keys).toEqual(["default/a"]);
    expect(log.lines).toContainEqual(expect.objectContaining({ message: "handler failed" }));
  });
});
