// SPDX-License-Identifier: Apache-2.0
import type { KubeStore } from "../../ports/kube.ts";
import { NotFound } from "../../ports/errors.ts";
import { resources } from "../../ports/kube.ts";
import type { SourceNetworks } from "./image-store.ts";

export interface ClusterNetworksOptions {
  readonly kube: KubeStore;
  /** Networks that the cluster does not tell of: most network plugins keep theirs to themselves. */
  readonly refused: readonly string[];
  readonly allowed: readonly string[];
}

/**
 * The networks of the cluster, which no image may come from: whoever writes an Image could reach there
 * by the node what a tenant may not. What cannot be read is not guessed: nothing is fetched then.
 */
export function clusterNetworks({
  kube,
  refused,
  allowed,
}: ClusterNetworksOptions): SourceNetworks {
  return async () => ({
    refusedNetworks: [...refused, ...(await ofNodes(kube)), ...(await ofServices(kube))],
    allowedNetworks: allowed,
  });
}

async function ofNodes(kube: KubeStore): Promise<string[]> {
  const { items } = await kube.list(resources.nodes, { consistency: "cached" });
  return items.flatMap(({ spec, status }) => [
    ...(spec?.podCIDRs ?? []),
    ...(status?.addresses ?? [])
      .filter(({ type }) => type.endsWith("IP"))
      .map(({ address }) => address),
  ]);
}

/** API servers before 1.33 do not have the kind. */
async function ofServices(kube: KubeStore): Promise<string[]> {
  try {
    const { items } = await kube.list(resources.serviceCidrs, { consistency: "cached" });
    return items.flatMap(({ spec }) => spec?.cidrs ?? []);
  } catch (error) {
    if (error instanceof NotFound) return [];
    throw error;
  }
}
