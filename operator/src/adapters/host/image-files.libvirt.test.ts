// SPDX-License-Identifier: Apache-2.0
/** Needs root: the images are fetched by a process of another user. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { imageFile, type NodePaths, nodePaths } from "../../core/guest/paths.ts";
import type { ImageCache } from "../../ports/image-cache.ts";
import { openImageFiles } from "./image-files.ts";

const program = resolve(import.meta.dirname, "../../bin/fetch-image.ts");
const image = Buffer.alloc(3_000_000, "image");
const checksum = `sha256:${createHash("sha256").update(image).digest("hex")}`;
const limits = {
  bytesMax: 10_000_000,
  refusedNetworks: [],
  allowedNetworks: ["127.0.0.0/8"],
};

let paths: NodePaths;
let cache: ImageCache;
let server: Server;
let serve: RequestListener;
let url: string;

beforeEach(async () => {
  paths = nodePaths(await mkdtemp(join(tmpdir(), "images-")));
  cache = await openImageFiles(paths, program);
  serve = (_, response) => response.end(image);
  server = createServer((request, response) => serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(paths.root, { recursive: true });
});

function fetchImage(change: { checksum?: string; bytesMax?: number } = {}, signal?: AbortSignal) {
  const progress: number[] = [];
  const options = {
    signal: signal ?? new AbortController().signal,
    onProgress: (bytes: number) => progress.push(bytes),
  };
  const source = { url, checksum: change.checksum ?? checksum };
  const bounds = { ...limits, bytesMax: change.bytesMax ?? limits.bytesMax };
  return cache.fetch(source, bounds, options).then(() => progress);
}

describe("an image that is fetched", () => {
  test("is kept read-only under its digest, and told of on the way", async () => {
    const progress = await fetchImage();
    const path = imageFile(paths.images, checksum);
    expect((await readFile(path)).equals(image)).toBe(true);
    const { mode, uid } = await stat(path);
    expect(mode & 0o777).toBe(0o444);
    expect(uid).toBe(process.getuid?.());
    expect(progress.at(-1)).toBe(image.length);
    expect(await cache.has(checksum)).toBe(true);
    expect(await cache.list()).toMatchObject([{ digest: checksum, bytes: image.length }]);
    expect(await readdir(paths.staging)).toEqual([]);
  });

  test("is fetched by a process of a user without any right", async () => {
    let answer = (): void => {};
    serve = (_, response) => {
      answer = () => response.end(image);
    };
    const fetched = fetchImage();
    await once(server, "request");
    const status = await statusOfChild();
    answer();
    await fetched;
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^Groups:\t\s*$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  test("with other bytes than the checksum says is not kept", async () => {
    const wrong = `sha256:${"0".repeat(64)}`;
    await expect(fetchImage({ checksum: wrong })).rejects.toMatchObject({
      reason: "ImageChecksumMismatch",
    });
    expect(await cache.has(wrong)).toBe(false);
    expect(await readdir(paths.images)).toEqual([]);
    expect(await readdir(paths.staging)).toEqual([]);
  });

  test("that is larger than it may be is not kept", async () => {
    await expect(fetchImage({ bytesMax: 1_000_000 })).rejects.toMatchObject({
      reason: "ImageFetchFailed",
    });
    expect(await readdir(paths.staging)).toEqual([]);
  });

  test("from a refused address says so", async () => {
    url = "http://169.254.169.254/";
    await expect(fetchImage()).rejects.toMatchObject({ reason: "ImageSourceRefused" });
  });

  test("is given up, and its process ended, when the agent stops", async () => {
    serve = (request, response) => {
      response.write(image.subarray(0, 1000));
      request.once("close", () => server.emit("gone"));
    };
    const stop = new AbortController();
    const fetched = fetchImage({}, stop.signal);
    await once(server, "request");
    const gone = once(server, "gone");
    stop.abort();
    await expect(fetched).rejects.toMatchObject({ name: "PortError" });
    await gone;
    expect(await readdir(paths.staging)).toEqual([]);
  });
});

describe("the cache", () => {
  test("forgets what an earlier process did not finish", async () => {
    await writeFile(join(paths.staging, "half"), "");
    await openImageFiles(paths, program);
    expect(await readdir(paths.staging)).toEqual([]);
  });

  test("notes uses, and forgets what is removed", async () => {
    await fetchImage();
    const path = imageFile(paths.images, checksum);
    const before = (await stat(path)).mtimeMs;
    await cache.markUsed(checksum);
    expect((await cache.list())[0]?.usedMs).toBeGreaterThanOrEqual(before);
    await cache.remove(checksum);
    await cache.remove(checksum);
    expect(await cache.has(checksum)).toBe(false);
    const { freeBytes, totalBytes } = await cache.space();
    expect(totalBytes).toBeGreaterThan(freeBytes);
  });
});

/** What Linux says of the process that fetches. */
async function statusOfChild(): Promise<string> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!line.split("\0").includes(program)) continue;
    return readFile(`/proc/${pid}/status`, "utf8");
  }
  throw new Error("no process fetches");
}
