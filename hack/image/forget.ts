// SPDX-License-Identifier: Apache-2.0
/** Keeps the cache from growing with every change of the sources. */
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What another process uses, such as a root file system under test, is among the last used. */
const keptMax = 4;

/**
 * Marks a cache entry as used now and removes those of its series that were not used for longest. An
 * entry, a directory or a file, is named `<series>-<digest or version>`.
 */
export async function forgetOthers(used: string): Promise<void> {
  const now = new Date();
  await utimes(used, now, now);
  const series = /^(.*)-[0-9a-f.]+?(?:\.tar)?$/.exec(basename(used))?.[1];
  if (series === undefined) throw new Error(`${used} is no entry of a series`);
  const pattern = new RegExp(`^${series}-[0-9a-f.]+?(\\.tar)?$`);
  const names = (await readdir(dirname(used))).filter((name) => pattern.test(name));
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(dirname(used), name);
      return { path, usedAt: (await stat(path)).mtimeMs };
    }),
  );
  for (const { path } of entries.toSorted((a, b) => b.usedAt - a.usedAt).slice(keptMax)) {
    await rm(path, { recursive: true, force: true });
  }
}
