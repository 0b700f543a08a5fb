// SPDX-License-Identifier: Apache-2.0
/** Before any suite: cluster up, images in it, chart installed, nodes labelled, image server running. */
import type { TestProject } from "vitest/node";
import { bridge } from "../../hack/cluster/layout.ts";
import { openCluster } from "../../hack/cluster/open.ts";
import { deploy } from "../../hack/deploy.ts";
import { buildGuestImage } from "../../hack/image/guest.ts";
import { buildProductImage } from "../../hack/image/product.ts";
import { step } from "../../hack/steps.ts";
import { buildTiny } from "../guests/tiny/build.ts";
import { serveImage } from "./image-server.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await openCluster();
  await step("cluster up", () => cluster.up());
  const guest = await step("guest image", buildGuestImage);
  const product = await step("product image", buildProductImage);
  const tiny = await step("test guest", buildTiny);
  await step("load the images into the nodes", async () => {
    for (const image of [guest, product]) await cluster.loadImage(image.tar);
  });
  await step("install the chart", () =>
    deploy(cluster, {
      product: product.ref,
      guest: guest.ref,
      values: { "images.allowedSources": [`${bridge.address}/32`] },
    }),
  );
  await cluster.kubectl(["label", "--overwrite", "node", "--all", "kilonova.io/hypervisor=true"]);
  const server = await serveImage(tiny.qcow2, bridge.address);
  project.provide("release", { product: product.ref, guest: guest.ref });
  project.provide("image", {
    url: server.url,
    path: tiny.qcow2,
    checksum: `sha256:${tiny.sha256}`,
  });
  return () => server.close();
}
