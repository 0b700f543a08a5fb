// SPDX-License-Identifier: Apache-2.0
import { isNetwork } from "../../core/image/source-address.ts";
import { ConfigError, variableOf } from "../../platform/config.ts";
import type { KubeStore } from "../../ports/kube.ts";
import { NotFound } from "../../ports/errors.ts";
import { resources } from "../../ports/kube.ts";
import type { SourceNetworks } from "./image-store.ts";

export interface ClusterNetworksOptions {
  readonly kube: KubeStore;
  readonly config: {
    /** Networks that the cluster does not tell of: most network plugins keep theirs to themselves. */
    readonly imageSourcesRefused: readonly string[];
    readonly imageSourcesAllowed: readonly string[];
  };
}

/**
 * The networks of the cluster, which no image may come from: whoever writes an Image could reach there
 * by the node what a tenant may not. What cannot be read is not guessed: nothing is fetched then.
 * Throws ConfigError when a network of the configuration is none.
 */
export function clusterNetworks({ kube, config }: ClusterNetworksOptions): SourceNetworks {
  const refused = networksOf(config, "imageSourcesRefused");
  const allowed = networksOf(config, "imageSourcesAllowed");
  return async () => ({
    refusedNetworks: [...refused, ...(await ofNodes(kube)), ...(await ofServices(kube))],
    allowedNetworks: allowed,
  });
}

function networksOf(
  config: ClusterNetworksOptions["config"],
  key: keyof ClusterNetworksOptions["config"],
): readonly string[] {
  const networks = config[key];
  const wrong = networks.find((cidr) => !isNetwork(cidr));
  if (wrong === undefined) return networks;
  const cure = "write a network as 10.0.0.0/8 or fd00::/8";
  throw new ConfigError(`${variableOf(key)}: ${wrong} is not a network; ${cure}`);
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
