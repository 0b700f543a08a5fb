// SPDX-License-Identifier: Apache-2.0
/** Compares generated texts with what is in the repository, and brings it up to date. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

type Files = ReadonlyMap<string, string>;

/** Paths that are missing, differ, or stand in a generated folder without being generated. */
export async function differingFiles(
  root: string,
  files: Files,
  folders: readonly string[],
): Promise<string[]> {
  const present = await Promise.all(folders.map((folder) => filesIn(root, folder)));
  const paths = [...new Set([...files.keys(), ...present.flat()])].toSorted();
  const isFresh = await Promise.all(
    paths.map(async (path) => (await textOf(join(root, path))) === files.get(path)),
  );
  return paths.filter((_, index) => !isFresh[index]);
}

/** Writes the given paths, and removes those that are not generated any more. */
export async function writeFiles(
  root: string,
  files: Files,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const text = files.get(path);
    const absolute = join(root, path);
    if (text === undefined) {
      await rm(absolute);
      continue;
    }
    await mkdir(dirname(absolute), { recursive: true });
    await writeFile(absolute, text);
  }
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  try {
    return (await readdir(join(root, folder))).map((name) => `${folder}/${name}`);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
