// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cached, hashOf } from "./cache.ts";

let cacheDirectory: string;
let buildCount: number;

async function build(directory: string): Promise<void> {
  buildCount += 1;
  await writeFile(join(directory, "content"), "0123456789");
  await symlink("content", join(directory, "alias"));
}

beforeEach(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "cache-"));
  vi.stubEnv("KILONOVA_CACHE", cacheDirectory);
  buildCount = 0;
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cacheDirectory, { recursive: true });
});

test("an entry is built once and then found", async () => {
  const first = await cached("thing-1", build);
  expect(await cached("thing-1", build)).toBe(first);
  expect(buildCount).toBe(1);
  expect(await readFile(join(first, "alias"), "utf8")).toBe("0123456789");
});

test("two who want the same entry at once build it once", async () => {
  await Promise.all([cached("thing-1", build), cached("thing-1", build)]);
  expect(buildCount).toBe(1);
});

test("a failed build leaves nothing that could be taken for an entry", async () => {
  const failure = cached("thing-1", async (directory) => {
    await build(directory);
    throw new Error("out of disk");
  });
  await expect(failure).rejects.toThrow("out of disk");
  const entry = await cached("thing-1", async (directory) => {
    expect(await readdir(directory)).toEqual([]);
    await build(directory);
  });
  expect(await readFile(join(entry, "content"), "utf8")).toBe("0123456789");
  expect(buildCount).toBe(2);
});

test.each([
  ["a file was cut short", (entry: string) => writeFile(join(entry, "content"), "0123")],
  ["a file has other bytes", (entry: string) => writeFile(join(entry, "content"), "9876543210")],
  ["a file is gone", (entry: string) => rm(join(entry, "content"))],
  ["a file came in", (entry: string) => writeFile(join(entry, "stranger"), "")],
  [
    "a link is a file now",
    async (entry: string) => {
      await rm(join(entry, "alias"));
      await writeFile(join(entry, "alias"), "content");
    },
  ],
  ["the manifest is cut short", (entry: string) => writeFile(join(entry, ".manifest.json"), "[{")],
])("an entry is built anew when %s", async (_, damage) => {
  await damage(await cached("thing-1", build));
  const entry = await cached("thing-1", build);
  expect(buildCount).toBe(2);
  expect(await readFile(join(entry, "content"), "utf8")).toBe("0123456789");
});

test("a file that only looks newer is compared and kept", async () => {
  const entry = await cached("thing-1", build);
  await utimes(join(entry, "content"), 1, 1);
  await cached("thing-1", build);
  expect(buildCount).toBe(1);
});

test("a key that leaves the cache is refused", async () => {
  await expect(cached("../elsewhere", build)).rejects.toThrow("cannot name a cache entry");
});

test("equal values have equal digests and different ones do not", () => {
  expect(hashOf("a", { b: 1 })).toBe(hashOf("a", { b: 1 }));
  expect(hashOf("a", "b")).not.toBe(hashOf("ab"));
});
