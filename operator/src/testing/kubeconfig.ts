// SPDX-License-Identifier: Apache-2.0
/**
 * Access by a kubeconfig file, for tools and tests. The product does not have the package, which costs
 * 80 MiB of memory (docs/adr/0002-kubernetes-transport.md).
 */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import type { KubeStore } from "../ports/kube.ts";
import type { Endpoint } from "../adapters/kube/endpoint.ts";
import { HttpTransport } from "../adapters/kube/http-transport.ts";
import { RestStore } from "../adapters/kube/rest-store.ts";

/** The API server of the file's current context, as its current user. */
export async function createKubeconfigStore(path: string): Promise<KubeStore> {
  return new RestStore(new HttpTransport(await kubeconfigEndpoint(path)));
}

async function kubeconfigEndpoint(path: string): Promise<Endpoint> {
  const config = new KubeConfig();
  config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${path}: the current context names no cluster`);
  const { ca, cert, key, rejectUnauthorized, servername } = await requestOptions(config);
  return {
    url: cluster.server,
    tls: {
      ca,
      cert,
      key,
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername !== undefined && { servername }),
    },
    async credentials() {
      const { headers } = await requestOptions(config);
      return (headers ?? {}) as Readonly<Record<string, string>>;
    },
    // KubeConfig itself knows when a token that a program gave it has expired.
    forgetCredentials: () => undefined,
  };
}

async function requestOptions(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}
