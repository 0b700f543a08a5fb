// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { HttpTransport } from "../../adapters/kube/http-transport.ts";
import { RestStore } from "../../adapters/kube/rest-store.ts";
import type { Transport } from "../../adapters/kube/transport.ts";
import type { KubeStore } from "../../ports/kube.ts";
import type { ApiServerAccess } from "../api-server-client.ts";
import type { Identity } from "./identities.ts";

/** A real API server by the product's own client, as anybody; all share its connections. */
export class ImpersonatedApi {
  readonly #asker = new AsyncLocalStorage<Readonly<Record<string, string>>>();
  readonly #transport: HttpTransport;

  /**
   * With a token of somebody who may impersonate, the API server need not verify a certificate's chain at
   * each request: it is the tenth part of what a small request costs it.
   */
  constructor(access: ApiServerAccess, token?: string) {
    const { url, caPath, adminCertificatePath, adminKeyPath } = access;
    const certificate = {
      cert: readFileSync(adminCertificatePath),
      key: readFileSync(adminKeyPath),
    };
    const authorization = token !== undefined && { authorization: `Bearer ${token}` };
    this.#transport = new HttpTransport({
      url,
      tls: { ca: readFileSync(caPath), ...(token === undefined && certificate) },
      credentials: async () => ({ ...authorization, ...this.#asker.getStore() }),
      forgetCredentials: () => undefined,
    });
  }

  as(identity: Identity): KubeStore {
    const asker = this.#asker;
    const transport = this.#transport;
    const headers = impersonationOf(identity);
    const impersonating: Transport = {
      request: (request) => asker.run(headers, () => transport.request(request)),
      async *stream(request, signal) {
        const lines = transport.stream(request, signal);
        for (;;) {
          const line = await asker.run(headers, () => lines.next());
          if (line.done === true) return;
          yield line.value;
        }
      },
    };
    return new RestStore(impersonating);
  }
}

/** One header for groups: the API server itself knows those of service accounts. */
function impersonationOf({ user, groups = [], extra = {} }: Identity): Record<string, string> {
  const [group, ...others] = user.startsWith("system:serviceaccount:") ? [] : groups;
  if (others.length > 0) throw new TypeError(`${user}: more groups than a header holds`);
  return {
    "Impersonate-User": user,
    ...(group !== undefined && { "Impersonate-Group": group }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, value]) => [
        `Impersonate-Extra-${encodeURIComponent(key)}`,
        value,
      ]),
    ),
  };
}
