// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { type ChartApiServer, startApiServerWithChart } from "../../../hack/chart-api-server.ts";
import { HttpTransport } from "../adapters/kube/http-transport.ts";
import { RestStore } from "../adapters/kube/rest-store.ts";
import { describeAccessConformance } from "../testing/access/access.conformance.ts";
import { realAccessHost } from "../testing/access/access-host.ts";
import { describeClientRights } from "../testing/access/client-rights.conformance.ts";
import type { Identity } from "../testing/access/identities.ts";

describeAccessConformance("real", async () => realAccessHost(await startApiServerWithChart()));
describeClientRights("real", async () => {
  const server = await startApiServerWithChart();
  return { as: (identity) => storeAs(server, identity), close: () => server.close() };
});

/** The product's own client, for which the administrator impersonates somebody. */
function storeAs({ access }: ChartApiServer, { user, extra = {} }: Identity): RestStore {
  const headers = Object.entries(extra).map(
    ([key, value]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, value] as const,
  );
  const transport = new HttpTransport({
    url: access.url,
    tls: {
      ca: readFileSync(access.caPath),
      cert: readFileSync(access.adminCertificatePath),
      key: readFileSync(access.adminKeyPath),
    },
    // The API server itself knows the groups of service accounts.
    credentials: async () => ({ "Impersonate-User": user, ...Object.fromEntries(headers) }),
    forgetCredentials: () => undefined,
  });
  return new RestStore(transport);
}
