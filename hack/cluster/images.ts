// SPDX-License-Identifier: Apache-2.0
/** OCI image archives and how they get into a node's containerd. */
import { z } from "zod";
import { run } from "../exec.ts";
import type { RunOptions } from "../exec.ts";

/** The image that an archive holds. */
export interface ArchivedImage {
  readonly reference: string;
  /** Of the manifest, as `sha256:…`. */
  readonly digest: string;
}

const nameAnnotation = "io.containerd.image.name";

const indexSchema = z.object({
  manifests: z.tuple([
    z.object({ digest: z.string(), annotations: z.object({ [nameAnnotation]: z.string() }) }),
  ]),
});

/** Reads what an archive holds. Throws unless it is one image with a name. */
export async function inspectArchive(path: string): Promise<ArchivedImage> {
  // Some archives say `./index.json`.
  const extract = ["--extract", "--to-stdout", "--wildcards", "--no-anchored"];
  const { stdout } = await run("tar", [...extract, "-f", path, "index.json"]);
  const index = indexSchema.parse(JSON.parse(stdout));
  const [manifest] = index.manifests;
  return { reference: manifest.annotations[nameAnnotation], digest: manifest.digest };
}

type Exec = (argv: readonly string[], options?: RunOptions) => Promise<string>;

/** Imports an archive into the containerd of the node where `exec` runs, unless it has that image. */
export async function importImage(path: string, exec: Exec): Promise<void> {
  const image = await inspectArchive(path);
  const ctr = ["ctr", "--namespace", "k8s.io", "images"];
  const known = await exec([...ctr, "list", `name==${image.reference}`]);
  if (known.includes(image.digest)) return;
  // The archive is read from stdin, because the node does not see the host's files.
  await exec([...ctr, "import", "-"], { stdinPath: path });
}
