// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { PortError, Refused } from "../../ports/errors.ts";
import { FakeClock, settle } from "../../testing/fake-clock.ts";
import { FakeImageCache } from "../../testing/fake-image-cache.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { ImageStore } from "./image-store.ts";

function source(digit: string) {
  const checksum = `sha256:${digit.repeat(64)}`;
  return { url: `http://images.example.org/${digit}`, checksum };
}

let clock: FakeClock;
let cache: FakeImageCache;
let store: ImageStore;
let inUse: Set<string> | undefined;
let changes: string[];

beforeEach(() => {
  clock = new FakeClock();
  cache = new FakeImageCache();
  inUse = new Set();
  changes = [];
  store = new ImageStore({
    cache,
    networks: async () => ({ refusedNetworks: ["10.0.0.0/8"], allowedNetworks: [] }),
    digestsInUse: async () => inUse,
    clock,
    random: new SeededRandom(1),
    log: new FakeLogger(),
  });
  store.onChange((digest) => changes.push(digest));
});

/** Downloads end when the test says so. */
function holdDownloads(): { end: (error?: PortError) => Promise<void> } {
  const waiting: ((error: PortError | undefined) => void)[] = [];
  cache.onFetch = () => new Promise((resolve) => waiting.push(resolve));
  return {
    end: async (error) => {
      await settle();
      waiting.shift()?.(error);
      await settle();
    },
  };
}

describe("an image", () => {
  test("is fetched once, however many ask for it", async () => {
    const { checksum } = source("a");
    const downloads = holdDownloads();
    expect(await store.view(checksum)).toEqual({ kind: "absent" });
    for (let asker = 0; asker < 5; asker += 1) store.fetch(source("a"));
    expect(await store.view(checksum)).toEqual({ kind: "fetching" });
    await downloads.end();
    expect(await store.view(checksum)).toEqual({ kind: "ready" });
    expect(cache.fetches).toHaveLength(1);
    expect(changes).toEqual([checksum]);
  });

  test("waits for its turn behind two others", async () => {
    const downloads = holdDownloads();
    for (const digit of ["a", "b", "c"]) store.fetch(source(digit));
    await settle();
    expect(cache.fetches).toHaveLength(2);
    await downloads.end();
    expect(cache.fetches).toHaveLength(3);
  });

  test("is bounded by the room that there is and by the cluster's networks", async () => {
    store.fetch(source("a"));
    await settle();
    expect(cache.fetches[0]?.limits).toEqual({
      bytesMax: 45 * 2 ** 30,
      refusedNetworks: ["10.0.0.0/8"],
      allowedNetworks: [],
    });
  });

  test("that could not be fetched says why, and may be asked for again a little later", async () => {
    const { checksum } = source("a");
    cache.onFetch = async () => new Refused("ImageFetchFailed", "status 500");
    store.fetch(source("a"));
    await settle();
    expect(await store.view(checksum)).toEqual({
      kind: "failed",
      reason: "ImageFetchFailed",
      message: "status 500",
    });
    await clock.advance(2500);
    expect(changes).toEqual([checksum, checksum]);
    const lastFailure = { reason: "ImageFetchFailed", message: "status 500" };
    expect(await store.view(checksum)).toEqual({ kind: "absent", lastFailure });
    holdDownloads();
    store.fetch(source("a"));
    expect(await store.view(checksum)).toEqual({ kind: "fetching", lastFailure });
  });

  test("with the wrong bytes is not fetched again for ten minutes", async () => {
    const { checksum } = source("a");
    cache.onFetch = async () => new Refused("ImageChecksumMismatch", "other bytes");
    store.fetch(source("a"));
    await clock.advance(590_000);
    expect(await store.view(checksum)).toMatchObject({ kind: "failed" });
    await clock.advance(20_000);
    expect(await store.view(checksum)).toMatchObject({ kind: "absent" });
  });

  test("is asked for ever less often while it fails", async () => {
    cache.onFetch = async () => new Refused("ImageFetchFailed", "status 500");
    store.onChange(() => {
      void store.view(source("a").checksum).then((view) => {
        if (view.kind === "absent") store.fetch(source("a"));
        return view;
      });
    });
    store.fetch(source("a"));
    await clock.advance(3_600_000);
    expect(cache.fetches.length).toBeGreaterThan(10);
    expect(cache.fetches.length).toBeLessThan(30);
  });

  test("that nobody uses makes room for a new one, and one in use does not", async () => {
    cache.freeBytes = 10 * 2 ** 30;
    cache.imageBytes = 8 * 2 ** 30;
    for (const digit of ["a", "b"]) {
      const { checksum: digest } = source(digit);
      cache.images.set(digest, { digest, bytes: cache.imageBytes, usedMs: 0 });
    }
    inUse = new Set([source("a").checksum]);
    store.fetch(source("c"));
    await settle();
    expect([...cache.images.keys()]).toEqual([source("a").checksum, source("c").checksum]);
  });
});

describe("a store that is closed", () => {
  test("begins nothing more", async () => {
    const downloads = holdDownloads();
    for (const digit of ["a", "b", "c"]) store.fetch(source(digit));
    await settle();
    store.close();
    await downloads.end(new PortError("Aborted", "closed"));
    expect(cache.fetches).toHaveLength(2);
    expect(changes).toEqual([]);
  });
});
