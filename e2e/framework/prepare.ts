// SPDX-License-Identifier: Apache-2.0
/** Cluster up, images in it, chart installed, nodes labelled, image server running. Safe to call again. */
import { bridge } from "../../hack/cluster/layout.ts";
import { type Cluster, openCluster } from "../../hack/cluster/cluster.ts";
import { deploy, type Release } from "../../hack/deploy.ts";
import { buildGuestImage } from "../../hack/image/guest.ts";
import { buildProductImage } from "../../hack/image/product.ts";
import { step } from "../../hack/steps.ts";
import { buildTiny } from "../guests/tiny/build.ts";
import { serveImage } from "./image-server.ts";

export interface PreparedWorld {
  readonly cluster: Cluster;
  readonly image: { readonly url: string; readonly path: string; readonly checksum: string };
  /** The references of the images that are installed. */
  readonly release: { readonly product: string; readonly guest: string };
  close(): Promise<void>;
}

/** Installs or upgrades the release with the values of the tests. */
export async function install(cluster: Cluster, release: Release): Promise<void> {
  const values = { "images.allowedSources": [`${bridge.address}/32`] };
  await deploy(cluster, { ...release, values });
}

export async function prepareWorld(): Promise<PreparedWorld> {
  const cluster = await openCluster();
  await step("cluster up", () => cluster.up());
  const guest = await step("guest image", buildGuestImage);
  const product = await step("product image", buildProductImage);
  const tiny = await step("test guest", buildTiny);
  await step("load the images into the nodes", async () => {
    for (const image of [guest, product]) await cluster.loadImage(image.tar);
  });
  await step("install the chart", () =>
    install(cluster, { product: product.ref, guest: guest.ref }),
  );
  await cluster.kubectl(["label", "--overwrite", "node", "--all", "kilonova.io/hypervisor=true"]);
  const server = await serveImage(tiny.qcow2, bridge.address);
  return {
    cluster,
    release: { product: product.ref, guest: guest.ref },
    image: { url: server.url, path: tiny.qcow2, checksum: `sha256:${tiny.sha256}` },
    close: () => server.close(),
  };
}
