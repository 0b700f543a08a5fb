// SPDX-License-Identifier: Apache-2.0
/** An OCI image of one static program, which is its entry point. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { run } from "../exec.ts";

const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
const architecture = process.arch === "x64" ? "amd64" : process.arch;

/** Writes an OCI archive that names its image. */
export async function writeSingleFileImage(
  archivePath: string,
  reference: string,
  programPath: string,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "image-"));
  try {
    const blobs = join(directory, "blobs", "sha256");
    await mkdir(blobs, { recursive: true });
    const addBlob = async (mediaType: string, content: Buffer): Promise<Descriptor> => {
      const hex = createHash("sha256").update(content).digest("hex");
      await writeFile(join(blobs, hex), content);
      return { mediaType, digest: `sha256:${hex}`, size: content.length };
    };
    const layer = await addBlob(
      "application/vnd.oci.image.layer.v1.tar",
      await layerOf(programPath),
    );
    const program = `/${basename(programPath)}`;
    const config = await addBlob(
      "application/vnd.oci.image.config.v1+json",
      configOf(program, layer),
    );
    const manifest = await addBlob(
      "application/vnd.oci.image.manifest.v1+json",
      encode({ schemaVersion: 2, config, layers: [layer] }),
    );
    const annotations = { "io.containerd.image.name": reference };
    const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
    await writeFile(join(directory, "index.json"), encode(index));
    await writeFile(join(directory, "oci-layout"), encode({ imageLayoutVersion: "1.0.0" }));
    const parts = ["oci-layout", "index.json", "blobs"];
    await run("tar", [...reproducible, "-C", directory, "-cf", archivePath, ...parts]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function layerOf(programPath: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), "layer-"));
  try {
    const path = join(directory, "layer.tar");
    const where = ["-C", dirname(programPath)];
    await run("tar", [...reproducible, ...where, "-cf", path, basename(programPath)]);
    return await readFile(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function configOf(program: string, layer: Descriptor): Buffer {
  return encode({
    architecture,
    os: "linux",
    config: { Entrypoint: [program] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
}

function encode(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
