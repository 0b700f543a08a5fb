// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { link, lstat, mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  baseDirectory,
  guestDirectory,
  guestFile,
  guestRecord,
  imageFile,
  type Incarnation,
  incarnationAt,
  type NodePaths,
  type Orphan,
  orphanAt,
  orphanDirectory,
  orphanRecord,
  removedDirectory,
  serverDirectory,
} from "../../core/guest/paths.ts";
import { readRecord, writeRecord } from "../../core/guest/record.ts";
import { PortError } from "../../ports/errors.ts";
import type { GuestFiles } from "../../ports/guest-files.ts";
import { attemptOnFiles } from "./file-effects.ts";
import { systemMounts } from "./mounts.ts";
import { systemNodeFiles } from "./node-files.ts";
import { lastWords, runCommand } from "./run-command.ts";

const removalSeconds = 300;
const removedSuffix = ".removed";
/** Who knows a directory in it by name may pass; nobody may list them. */
const passage = { uid: 0, mode: 0o711 } as const;
const privateToGuest = 0o700;

/** Guests' directories and records below `paths`. */
export function createGuestFiles(paths: NodePaths): GuestFiles {
  const { guests, orphans } = paths;
  return {
    list: () => attemptOnFiles(() => listIncarnations(guests)),
    find: (incarnation) =>
      attemptOnFiles(async () => {
        const directory = guestDirectory(guests, incarnation);
        return {
          hasDirectory: await exists(directory),
          hasDisk: await exists(join(directory, guestFile.disk)),
        };
      }),
    makeDirectory: async (incarnation, uid) => {
      const directory = guestDirectory(guests, incarnation);
      await systemMounts.makeDirectory(dirname(directory), passage);
      await systemMounts.makeDirectory(directory, { uid, mode: privateToGuest });
    },
    showBase: (incarnation, digest) => attemptOnFiles(() => showBase(paths, incarnation, digest)),
    writeDomainXml: (incarnation, xml) =>
      attemptOnFiles(() =>
        writeInGuest(guestDirectory(guests, incarnation), guestFile.domainXml, xml),
      ),
    readRecord: (incarnation) => readRecordAt(guestRecord(guests, incarnation)),
    writeRecord: (incarnation, record) =>
      systemNodeFiles.write(guestRecord(guests, incarnation), writeRecord(record)),
    remove: (incarnation) => attemptOnFiles(() => removeGuest(paths, incarnation)),
    finishRemovals: () => attemptOnFiles(() => finishRemovals(paths)),
    setAside: (orphan) => attemptOnFiles(() => setAside(paths, orphan)),
    listOrphans: () => attemptOnFiles(() => listOrphans(orphans)),
    readOrphanRecord: (orphan) => readRecordAt(orphanRecord(orphans, orphan)),
    destroyOrphan: (orphan) =>
      attemptOnFiles(async () => {
        const directory = orphanDirectory(orphans, orphan);
        // Another guest of the same token may have been made since.
        if (!(await exists(guestDirectory(guests, orphan)))) await removeBases(paths, orphan);
        await removeTree(directory, `${directory}${removedSuffix}`);
        await rm(orphanRecord(orphans, orphan), { force: true });
      }),
  };
}

async function readRecordAt(path: string) {
  const text = await systemNodeFiles.read(path);
  try {
    return text === undefined ? undefined : readRecord(text);
  } catch (cause) {
    const message = `the guest record ${path} is damaged: look after the node's disk, and bring the file back from a backup`;
    throw new PortError("RecordDamaged", message, { cause });
  }
}

async function listIncarnations(guests: string): Promise<Incarnation[]> {
  const found = new Map<string, Incarnation>();
  for (const serverUid of await namesIn(guests)) {
    for (const name of await namesIn(join(guests, serverUid))) {
      const incarnation = incarnationAt(serverUid, name.replace(/\.json$/, ""));
      if (incarnation !== undefined) found.set(`${serverUid}/${incarnation.token}`, incarnation);
    }
  }
  return [...found.values()];
}

/** A link: the image is there once, and for the guest also when the cache has let it go. */
async function showBase(paths: NodePaths, incarnation: Incarnation, digest: string): Promise<void> {
  const directory = baseDirectory(paths.bases, incarnation);
  await systemMounts.makeDirectory(directory, { uid: 0, mode: 0o755 });
  const image = imageFile(paths.images, digest);
  await link(image, imageFile(directory, digest)).catch(unlessCode("EEXIST"));
  await sync(directory);
}

async function removeBases({ bases }: NodePaths, incarnation: Incarnation): Promise<void> {
  await rm(baseDirectory(bases, incarnation), { recursive: true, force: true });
}

/**
 * The directory before the record: without it, nothing takes the record for a guest's that has a disk. The
 * bases before both, since nothing else tells of them.
 */
async function removeGuest(paths: NodePaths, incarnation: Incarnation): Promise<void> {
  const { guests } = paths;
  await removeBases(paths, incarnation);
  const directory = guestDirectory(guests, incarnation);
  await removeTree(directory, removedDirectory(guests, incarnation));
  await rm(guestRecord(guests, incarnation), { force: true });
  await rmdir(serverDirectory(guests, incarnation.serverUid)).catch(
    unlessCode("ENOENT", "ENOTEMPTY"),
  );
}

/** From the renaming on the directory is not a guest's any more, whenever its removal ends. */
async function removeTree(directory: string, removed: string): Promise<void> {
  await erase(removed);
  const isThere = await rename(directory, removed).then(() => true, ifMissing(false));
  if (!isThere) return;
  await sync(dirname(removed));
  await erase(removed);
}

/**
 * By the program and not by Node, which works with paths: the pod may replace a directory by a link
 * while it is being emptied.
 */
async function erase(path: string): Promise<void> {
  const argv = ["rm", "-rf", "--one-file-system", "--", path];
  const result = await runCommand(argv, { timeoutSeconds: removalSeconds });
  if (result.exitCode !== 0) throw new PortError("FileFailed", lastWords(result));
}

async function finishRemovals({ guests, orphans }: NodePaths): Promise<void> {
  const servers = (await namesIn(guests)).map((serverUid) => join(guests, serverUid));
  for (const directory of [...servers, orphans]) {
    for (const name of await namesIn(directory)) {
      if (name.endsWith(removedSuffix)) await erase(join(directory, name));
    }
  }
}

/** One that was half moved when the agent was killed keeps its name: the record follows. */
async function setAside({ guests, orphans }: NodePaths, orphan: Orphan): Promise<void> {
  await mkdir(orphans, { recursive: true, mode: 0o700 });
  const isSame = (other: Orphan): boolean =>
    other.serverUid === orphan.serverUid && other.token === orphan.token;
  const target = (await listOrphans(orphans)).find(isSame) ?? orphan;
  await move(guestDirectory(guests, orphan), orphanDirectory(orphans, target));
  await move(guestRecord(guests, orphan), orphanRecord(orphans, target));
  await sync(orphans);
  await sync(serverDirectory(guests, orphan.serverUid));
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch(unlessCode("ENOENT"));
}

async function listOrphans(orphans: string): Promise<Orphan[]> {
  return (await namesIn(orphans)).map(orphanAt).filter((orphan) => orphan !== undefined);
}

/** The directory belongs to the pod's user: nothing that stands there is opened or followed. */
async function writeInGuest(directory: string, name: string, text: string): Promise<void> {
  const draft = join(directory, `${name}.new`);
  await rm(draft, { force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  await rename(draft, join(directory, name));
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory)
    .catch(unlessCode("ENOENT", "ENOTDIR"))
    .then((names) => names ?? []);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(() => true, ifMissing(false));
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return value;
    throw error;
  };
}

function unlessCode(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return undefined;
  };
}
