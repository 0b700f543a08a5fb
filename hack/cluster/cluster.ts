// SPDX-License-Identifier: Apache-2.0
/** A Kubernetes cluster to develop and test on, whose parts can be broken and mended one by one. */
import type { Cluster } from "./contract.ts";
import { isDockerRunning, KindCluster } from "./kind-cluster.ts";
import { LocalCluster } from "./local-cluster.ts";

export type {
  Cluster,
  ClusterNode,
} from "./contract.ts";

/** The cluster of this machine, up or not: kind where a Docker engine answers, else namespaces. */
export async function openCluster(): Promise<Cluster> {
  return (await isDockerRunning()) ? new KindCluster() : new LocalCluster();
}
