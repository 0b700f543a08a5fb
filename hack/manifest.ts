// SPDX-License-Identifier: Apache-2.0
/** The record of what a finished directory holds, and the check that it still does. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { lstat, readFile, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";

/** What is recorded of one path: `digest` for a file, `target` for a symbolic link. */
const entrySchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("file"),
    path: z.string(),
    sizeBytes: z.number(),
    modifiedMilliseconds: z.number(),
    digest: z.string(),
  }),
  z.object({ type: z.literal("link"), path: z.string(), target: z.string() }),
  z.object({ type: z.literal("other"), path: z.string() }),
]);
type Entry = z.infer<typeof entrySchema>;

const fileName = ".manifest.json";

/** Records everything below a directory in a manifest inside it. */
export async function writeManifest(directory: string): Promise<void> {
  const entries: Entry[] = [];
  for (const path of await walk(directory)) entries.push(await describe(directory, path));
  await writeFile(join(directory, fileName), JSON.stringify(entries));
}

/**
 * Whether a directory holds exactly what its manifest says. A file whose size and modification time
 * are as recorded is believed; one with another time is read and its digest compared.
 */
export async function isIntact(directory: string): Promise<boolean> {
  const manifest = await readManifest(directory);
  if (manifest === undefined) return false;
  const paths = await walk(directory);
  if (paths.length !== manifest.length) return false;
  for (const [index, entry] of manifest.entries()) {
    if (paths[index] !== entry.path || !(await matches(directory, entry))) return false;
  }
  return true;
}

async function readManifest(directory: string): Promise<readonly Entry[] | undefined> {
  const path = join(directory, fileName);
  if (!existsSync(path)) return undefined;
  const text = await readFile(path, "utf8");
  try {
    return z.array(entrySchema).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Every path below the directory but directories and the manifest, in one fixed order. */
async function walk(directory: string, below = ""): Promise<string[]> {
  const paths: string[] = [];
  const children = await readdir(join(directory, below), { withFileTypes: true });
  for (const child of children) {
    const path = join(below, child.name);
    if (child.isDirectory()) paths.push(...(await walk(directory, path)));
    else if (path !== fileName) paths.push(path);
  }
  return paths.toSorted();
}

async function describe(directory: string, path: string): Promise<Entry> {
  const absolute = join(directory, path);
  const found = await lstat(absolute);
  if (found.isSymbolicLink()) return { path, type: "link", target: await readlink(absolute) };
  if (!found.isFile()) return { path, type: "other" };
  return {
    path,
    type: "file",
    sizeBytes: found.size,
    modifiedMilliseconds: found.mtimeMs,
    digest: await digestOf(absolute),
  };
}

async function matches(directory: string, entry: Entry): Promise<boolean> {
  const absolute = join(directory, entry.path);
  const found = await lstat(absolute).catch(() => undefined);
  // Another process may be replacing a damaged directory at this moment.
  if (found === undefined) return false;
  if (entry.type === "link") {
    return found.isSymbolicLink() && (await readlink(absolute)) === entry.target;
  }
  if (entry.type === "other") return !found.isFile() && !found.isSymbolicLink();
  if (!found.isFile() || found.size !== entry.sizeBytes) return false;
  return (
    found.mtimeMs === entry.modifiedMilliseconds || (await digestOf(absolute)) === entry.digest
  );
}

/** The sha256 of a file's content, in hex. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
