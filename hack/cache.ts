// SPDX-License-Identifier: Apache-2.0
/**
 * A cache of directories that are expensive to make and cheap to name: a key states everything that
 * the content depends on, so an entry never goes stale. Entries live outside the clone, in
 * `~/.cache/kilonova` or where `KILONOVA_CACHE` says.
 */
import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { isIntact, writeManifest } from "./manifest.ts";

/** Where entries are kept. */
export function cacheDirectory(): string {
  return process.env["KILONOVA_CACHE"] ?? join(homedir(), ".cache", "kilonova");
}

/**
 * The directory of that key, made by `build` when it is not there or was damaged. `build` fills the
 * empty directory that it is given; what it leaves when it fails or is killed is thrown away. Two
 * processes that want the same key build it once. The result is for reading only.
 */
export async function cached(
  key: string,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  if (!/^[\w][\w.+-]*$/.test(key)) throw new Error(`${key} cannot name a cache entry`);
  const entry = join(cacheDirectory(), key);
  if (await isIntact(entry)) return entry;
  await withLock(`cache/${hashOf(entry)}`, async () => {
    if (await isIntact(entry)) return;
    const unfinished = `${entry}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await build(unfinished);
    await writeManifest(unfinished);
    await rm(entry, { recursive: true, force: true });
    await rename(unfinished, entry);
  });
  return entry;
}

/** A short digest of values for use in a key: equal values, equal digest. */
export function hashOf(...values: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 16);
}
