// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { constants, createWriteStream } from "node:fs";
import { chmod, mkdir, open, readdir, rename, rm, stat, statfs, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { imageFile, type NodePaths } from "../../core/guest/paths.ts";
import { Refused } from "../../ports/errors.ts";
import type { CachedImage, FetchLimits, ImageCache, ImageSource } from "../../ports/image-cache.ts";
import { attemptOnFiles } from "./file-effects.ts";
import { type ImageChild, startImageChild } from "./image-child.ts";

type FetchOptions = Parameters<ImageCache["fetch"]>[2];

const downloadHoursMax = 6;
const digestFile = /^[0-9a-f]{64}$/;

/**
 * The images below `paths`, fetched by `program`. What an earlier process left unfinished is removed
 * here: call it before anything is fetched.
 */
export async function openImageFiles(paths: NodePaths, program: string): Promise<ImageCache> {
  const { images, staging } = paths;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  await mkdir(images, { recursive: true });
  return {
    has: (digest) => attemptOnFiles(() => exists(imageFile(images, digest))),
    list: () => attemptOnFiles(() => listImages(images)),
    space: () =>
      attemptOnFiles(async () => {
        const { bavail, blocks, bsize } = await statfs(images);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),
    markUsed: (digest) =>
      attemptOnFiles(() => {
        const now = new Date();
        return utimes(imageFile(images, digest), now, now);
      }),
    remove: (digest) => attemptOnFiles(() => rm(imageFile(images, digest), { force: true })),
    fetch: (source, limits, options) =>
      attemptOnFiles(async () => {
        const draft = imageFile(staging, source.checksum);
        const child = startImageChild(program, requestOf(source, limits));
        try {
          await receive(child, draft, { source, limits, options });
          await keep(draft, imageFile(images, source.checksum));
        } finally {
          child.kill();
          await rm(draft, { force: true });
        }
      }),
  };
}

function requestOf({ url }: ImageSource, limits: FetchLimits) {
  const { bytesMax, refusedNetworks, allowedNetworks } = limits;
  return { url, bytesMax, policy: { refused: refusedNetworks, allowed: allowedNetworks } };
}

interface Order {
  readonly source: ImageSource;
  readonly limits: FetchLimits;
  readonly options: FetchOptions;
}

/** The bytes are counted and judged here: the child that fetched them talked to strangers. */
async function receive(child: ImageChild, draft: string, order: Order): Promise<void> {
  const { source, limits, options } = order;
  const deadline = AbortSignal.timeout(downloadHoursMax * 3_600_000);
  const signal = AbortSignal.any([options.signal, deadline]);
  const hash = createHash("sha256");
  let bytes = 0;
  const judged = async function* (chunks: Readable): AsyncGenerator<Buffer> {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limits.bytesMax) throw new Refused("ImageFetchFailed", "more came than may");
      hash.update(chunk);
      options.onProgress(bytes);
      yield chunk;
    }
  };
  const file = createWriteStream(draft, { flags: "wx", mode: 0o400, flush: true });
  // Bytes that end may be all, or all that the child got: it says which.
  await Promise.all([child.ended, pipeline(child.bytes, judged, file, { signal })]);
  const digest = `sha256:${hash.digest("hex")}`;
  if (digest === source.checksum) return;
  const cure = "if it is what you want, make an Image with that checksum and the server from that";
  const message = `the file at its url has the checksum ${digest}, not ${source.checksum}: ${cure}`;
  throw new Refused("ImageChecksumMismatch", message);
}

async function keep(draft: string, path: string): Promise<void> {
  await chmod(draft, 0o444);
  await rename(draft, path);
  const directory = await open(join(path, ".."), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function listImages(images: string): Promise<CachedImage[]> {
  const names = (await readdir(images)).filter((name) => digestFile.test(name));
  const found = names.map(async (name) => {
    const { size, mtimeMs } = await stat(join(images, name));
    return { digest: `sha256:${basename(name)}`, bytes: size, usedMs: mtimeMs };
  });
  return Promise.all(found);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
