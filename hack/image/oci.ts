// SPDX-License-Identifier: Apache-2.0
/** Image archives in the OCI layout, as `ctr images import` and `docker load` take them. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, cached } from "../cache.ts";
import { run } from "../exec.ts";
import { withLock } from "../lock.ts";
import { digestOf } from "../manifest.ts";
import { forgetOthers } from "./forget.ts";

/** An image in a file, ready to be loaded into a node. */
export interface BuiltImage {
  /** The name with a tag that changes with the content. */
  readonly ref: string;
  /** The path of the OCI archive. */
  readonly tar: string;
  /** The digest of the manifest: `sha256:...`. */
  readonly digest: string;
}

/** One layer as a tar file, with the digest of that file. */
export interface Layer {
  readonly path: string;
  readonly digest: string;
}

/** How containers of the image run, in the words of the OCI image configuration. */
export interface ImageConfig {
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
}

const deterministic = ["--sort=name", "--mtime=@0", "--numeric-owner", "--format=gnu"];

/** Packs a directory into a layer. The same content gives the same bytes; every file belongs to root. */
export async function layerOf(key: string, directory: string): Promise<Layer> {
  const entry = await cached(`layer-${key}`, async (out) => {
    const path = join(out, "layer.tar");
    const owner = ["--owner=0", "--group=0"];
    await run("tar", [...deterministic, ...owner, "-C", directory, "-cf", path, "."]);
    await writeFile(join(out, "digest"), `sha256:${await digestOf(path)}`);
  });
  await forgetOthers(entry);
  const digest = await readFile(join(entry, "digest"), "utf8");
  return { path: join(entry, "layer.tar"), digest };
}

/** Writes the archive of an image of these layers, the lowest first. */
export async function imageOf(
  name: string,
  layers: readonly Layer[],
  config: ImageConfig,
): Promise<BuiltImage> {
  const manifest = await manifestOf(layers, config);
  const digest = digestOfText(manifest.text);
  const ref = `${name}:${digest.slice("sha256:".length, "sha256:".length + 12)}`;
  const series = `image-${name.slice(name.lastIndexOf("/") + 1)}`;
  const tar = join(cacheDirectory(), `${series}-${ref.slice(ref.lastIndexOf(":") + 1)}.tar`);
  await withLock(`cache/${series}`, async () => {
    if (!existsSync(tar)) await writeArchive(tar, ref, layers, manifest);
    await forgetOthers(tar);
  });
  return { ref, tar, digest };
}

// The archive holds nothing that the layers do not hold, which are checked whenever they are used. It
// is no cache entry: making the entry's digests would take longer than the archive.
async function writeArchive(
  tar: string,
  ref: string,
  layers: readonly Layer[],
  manifest: Manifest,
): Promise<void> {
  const layout = `${tar}.layout`;
  await rm(layout, { recursive: true, force: true });
  await writeLayout(layout, ref, layers, manifest);
  await run("tar", [...deterministic, "-C", layout, "-cf", `${tar}.unfinished`, "."]);
  await rename(`${tar}.unfinished`, tar);
  await rm(layout, { recursive: true });
}

interface Manifest {
  readonly text: string;
  readonly configText: string;
}

async function manifestOf(layers: readonly Layer[], config: ImageConfig): Promise<Manifest> {
  const configText = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  });
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOfText(configText),
      size: Buffer.byteLength(configText),
    },
    layers: await Promise.all(
      layers.map(async ({ path, digest }) => ({
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest,
        size: (await stat(path)).size,
      })),
    ),
  });
  return { text, configText };
}

async function writeLayout(
  directory: string,
  ref: string,
  layers: readonly Layer[],
  { text, configText }: Manifest,
): Promise<void> {
  const blobs = join(directory, "blobs", "sha256");
  const blobPath = (digest: string): string => join(blobs, digest.slice("sha256:".length));
  await mkdir(blobs, { recursive: true });
  for (const layer of layers) {
    const path = blobPath(layer.digest);
    // A second name costs nothing; across file systems there is none.
    await link(layer.path, path).catch(() => copyFile(layer.path, path));
  }
  for (const blob of [text, configText]) await writeFile(blobPath(digestOfText(blob)), blob);
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: digestOfText(text),
        size: Buffer.byteLength(text),
        platform: { architecture: "amd64", os: "linux" },
        annotations: {
          "io.containerd.image.name": ref,
          "org.opencontainers.image.ref.name": ref.slice(ref.lastIndexOf(":") + 1),
        },
      },
    ],
  };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
}

function digestOfText(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
