// SPDX-License-Identifier: Apache-2.0
/** The files of this clone by their path in it, and a digest of them for use in a cache key. */
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { hashOf } from "../cache.ts";

const root = resolve(import.meta.dirname, "../..");

/** The absolute path of a file or directory of the repository. */
export function repositoryPath(path: string): string {
  return join(root, path);
}

/** A short digest over the names and contents of files and of everything below directories. */
export async function digestOfSources(...paths: readonly string[]): Promise<string> {
  const contents: [string, string][] = [];
  for (const path of paths) {
    for (const file of await filesBelow(path)) {
      contents.push([file, await readFile(repositoryPath(file), "base64")]);
    }
  }
  return hashOf(contents);
}

/** The paths in the repository of the files below a directory in one fixed order, or of a file itself. */
export async function filesBelow(path: string): Promise<string[]> {
  const children = await readdir(repositoryPath(path), {
    recursive: true,
    withFileTypes: true,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (children === undefined) return [path];
  return children
    .filter((child) => child.isFile())
    .map((child) => join(child.parentPath, child.name).slice(root.length + 1))
    .toSorted();
}

/** The entries of a list file: one a line, `#` starts a comment. */
export async function readList(path: string): Promise<string[]> {
  const text = await readFile(repositoryPath(path), "utf8");
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
}

/** The product's version. */
export async function productVersion(): Promise<string> {
  const text = await readFile(repositoryPath("package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
