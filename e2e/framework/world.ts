// SPDX-License-Identifier: Apache-2.0
/** What an end-to-end test stands on: the cluster, the product in it, an image server, the test guest. */
import { inject } from "vitest";
import type { KubeStore } from "../../operator/src/ports/kube.ts";
import { createKubeconfigStore } from "../../operator/src/testing/kubeconfig.ts";
import { type Cluster, openCluster } from "../../hack/cluster/cluster.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Set up once for all suites by `setup.ts`. */
    readonly image: { readonly url: string; readonly path: string; readonly checksum: string };
    /** The references of the images that are installed. */
    readonly release: { readonly product: string; readonly guest: string };
  }
}

export interface World {
  readonly cluster: Cluster;
  readonly store: KubeStore;
  readonly image: { readonly url: string; readonly path: string; readonly checksum: string };
}

/** The world that `setup.ts` prepared. */
export async function theWorld(): Promise<World> {
  const cluster = await openCluster();
  const store = await createKubeconfigStore(cluster.kubeconfigPath);
  return { cluster, store, image: inject("image") };
}
