// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeStore } from "../../ports/kube.ts";
import type { Endpoint } from "./endpoint.ts";
import { HttpTransport } from "./http-transport.ts";
import { RestStore } from "./rest-store.ts";
import { TokenFile } from "./service-account.ts";

/** What a pod is given to reach its API server. */
export interface InClusterOptions {
  /** Default: the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default: where the kubelet mounts the service account. */
  readonly directory?: string;
}

/** The API server of the cluster that this process is a pod of. Throws when it is none. */
export function createInClusterStore(options: InClusterOptions = {}): KubeStore {
  return new RestStore(new HttpTransport(inClusterEndpoint(options)));
}

function inClusterEndpoint({
  environment = process.env,
  directory = "/var/run/secrets/kubernetes.io/serviceaccount",
}: InClusterOptions): Endpoint {
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"];
  if (host === undefined || port === undefined) {
    throw new Error("not in a cluster: KUBERNETES_SERVICE_HOST and _PORT are not set");
  }
  const token = new TokenFile(join(directory, "token"));
  return {
    url: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    tls: { ca: readFileSync(join(directory, "ca.crt")) },
    credentials: async () => ({ authorization: `Bearer ${await token.read()}` }),
    forgetCredentials: () => token.forget(),
  };
}
