// SPDX-License-Identifier: Apache-2.0
import { mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PortError } from "../../ports/errors.ts";
import type { NodeFiles } from "../../ports/node-files.ts";

/** Marks what a process that was killed may have left half written. */
const unfinished = ".unfinished";

/** Files of this machine's disk. */
export const systemNodeFiles: NodeFiles = {
  read: (path) => unlessMissing(readFile(path, "utf8"), undefined),
  write: (path, text) => attempt(writeDurably(path, text)),
  remove: (path) => attempt(rm(path, { force: true })),
  list: async (directory) => {
    const names = await unlessMissing(readdir(directory), []);
    return names.filter((name) => !name.endsWith(unfinished));
  },
};

async function writeDurably(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const draft = join(directory, `${basename(path)}${unfinished}`);
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  // The name is on the disk when the directory is.
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessMissing<T, Missing>(
  reading: Promise<T>,
  missing: Missing,
): Promise<T | Missing> {
  try {
    return await reading;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return missing;
    throw failed(cause);
  }
}

async function attempt(effect: Promise<void>): Promise<void> {
  try {
    await effect;
  } catch (cause) {
    throw failed(cause);
  }
}

function failed(cause: unknown): PortError {
  return new PortError("FileFailed", (cause as Error).message, { cause });
}
