// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { run } from "../exec.ts";
import { forgetOthers } from "./forget.ts";
import { imageOf, layerOf } from "./oci.ts";

let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "oci-"));
  vi.stubEnv("KILONOVA_CACHE", join(scratch, "cache"));
  await mkdir(join(scratch, "cache"));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(scratch, { recursive: true });
});

const config = { Entrypoint: ["/bin/a"], Env: ["A=b"], User: "65532:65532", WorkingDir: "/" };
const sha256 = (text: string | Buffer): string =>
  `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A directory with two files, written in the order given. */
async function directoryOf(name: string, ...files: readonly string[]): Promise<string> {
  const directory = join(scratch, name);
  await mkdir(directory);
  for (const file of files) await writeFile(join(directory, file), `content of ${file}`);
  await chmod(join(directory, files[0] ?? ""), 0o755);
  return directory;
}

describe("a layer", () => {
  test("has the same bytes whenever and in whatever order its files were written", async () => {
    const first = await directoryOf("first", "program", "text");
    const second = await directoryOf("second", "text", "program");
    await chmod(join(second, "text"), 0o644);
    await chmod(join(second, "program"), 0o755);
    await utimes(join(second, "text"), 1, 1);
    const layers = [await layerOf("first-1", first), await layerOf("second-1", second)];
    expect(layers[1]?.digest).toBe(layers[0]?.digest);
    expect(layers[0]?.digest).toBe(sha256(await readFile(layers[0]?.path ?? "")));
  });

  test("belongs to root and has no time", async () => {
    const { path } = await layerOf("owner-1", await directoryOf("owner", "program"));
    const { stdout } = await run("tar", ["--numeric-owner", "--full-time", "--utc", "-tvf", path]);
    const rows = stdout.trim().split("\n");
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatch(/ 0\/0 .* 1970-01-01 00:00:00 /);
  });
});

describe("an image archive", () => {
  test("names layers and configuration by their digests, and itself for containerd", async () => {
    const layer = await layerOf("image-1", await directoryOf("image", "program"));
    const { ref, tar, digest } = await imageOf("kilonova.local/test", [layer], config);
    const out = join(scratch, "unpacked");
    await mkdir(out);
    await run("tar", ["-C", out, "-xf", tar]);
    const blob = (name: string): Promise<string> =>
      readFile(join(out, "blobs/sha256", name.slice("sha256:".length)), "latin1");

    const index = JSON.parse(await readFile(join(out, "index.json"), "utf8"));
    expect(index.manifests).toHaveLength(1);
    expect(index.manifests[0].digest).toBe(digest);
    expect(index.manifests[0].annotations["io.containerd.image.name"]).toBe(ref);
    expect(ref).toBe(`kilonova.local/test:${digest.slice(7, 19)}`);

    const manifest = JSON.parse(await blob(digest));
    expect(manifest.layers.map((one: { digest: string }) => one.digest)).toEqual([layer.digest]);
    const written = JSON.parse(await blob(manifest.config.digest));
    expect(written).toMatchObject({ os: "linux", architecture: "amd64", config });
    expect(written.rootfs.diff_ids).toEqual([layer.digest]);
    for (const name of await readdir(join(out, "blobs/sha256"))) {
      const content = await readFile(join(out, "blobs/sha256", name));
      expect(sha256(content)).toBe(`sha256:${name}`);
    }
  });

  test("changes its name with its configuration", async () => {
    const layer = await layerOf("named-1", await directoryOf("named", "program"));
    const one = await imageOf("kilonova.local/named", [layer], config);
    const again = await imageOf("kilonova.local/named", [layer], config);
    const other = await imageOf("kilonova.local/named", [layer], { ...config, User: "0:0" });
    expect(again).toEqual(one);
    expect(other.ref).not.toBe(one.ref);
  });
});

test("the cache keeps the entries of a series that were used last, and other series", async () => {
  const cache = join(scratch, "series");
  await mkdir(join(cache, "guest-extra-01"), { recursive: true });
  for (const digest of ["a1", "b2", "c3", "d4", "e5", "f6"]) {
    await mkdir(join(cache, `guest-${digest}`));
    const usedAt = Number.parseInt(digest, 16);
    await utimes(join(cache, `guest-${digest}`), usedAt, usedAt);
  }
  await forgetOthers(join(cache, "guest-b2"));
  const kept = (await readdir(cache)).map((name) => basename(name)).toSorted();
  expect(kept).toEqual(["guest-b2", "guest-d4", "guest-e5", "guest-extra-01", "guest-f6"]);
});
