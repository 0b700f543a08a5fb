// SPDX-License-Identifier: Apache-2.0
/** The images of the demo: the product's two, and one that serves the test guest's disk. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { buildTiny } from "../../e2e/guests/tiny/build.ts";
import { cached, hashOf } from "../cache.ts";
import { buildGuestImage } from "../image/guest.ts";
import { type BuiltImage, imageOf, layerOf } from "../image/oci.ts";
import { buildProductImage, productLayers } from "../image/product.ts";
import { digestOfSources, repositoryPath } from "../image/repository.ts";

export interface DemoImages {
  /** References of the images. */
  readonly product: string;
  readonly guest: string;
  readonly diskServer: string;
  /** `sha256:…` of the disk that is served. */
  readonly checksum: string;
  /** The archives of all three. */
  readonly archives: readonly string[];
}

const script = "hack/demo/serve-disk.ts";

export async function buildDemoImages(): Promise<DemoImages> {
  const guest = await buildGuestImage();
  const product = await buildProductImage();
  const tiny = await buildTiny();
  const diskServer = await buildDiskServer(tiny);
  return {
    product: product.ref,
    guest: guest.ref,
    diskServer: diskServer.ref,
    checksum: `sha256:${tiny.sha256}`,
    archives: [guest, product, diskServer].map(({ tar }) => tar),
  };
}

/** Node from the product image with the disk and the script that serves it on top. */
async function buildDiskServer(disk: { qcow2: string; sha256: string }): Promise<BuiltImage> {
  const key = hashOf(disk.sha256, await digestOfSources(script));
  const directory = await cached(`disk-server-${key}`, async (out) => {
    await mkdir(join(out, "demo"));
    await copyFile(disk.qcow2, join(out, "demo/tiny.qcow2"));
    await copyFile(repositoryPath(script), join(out, "demo/serve-disk.ts"));
  });
  const layers = [...(await productLayers()), await layerOf(`disk-server-${key}`, directory)];
  return imageOf("kilonova.local/demo-disk-server", layers, {
    Entrypoint: ["/usr/bin/node"],
    Env: ["PATH=/usr/sbin:/usr/bin"],
    User: "65532:65532",
    WorkingDir: "/",
  });
}
