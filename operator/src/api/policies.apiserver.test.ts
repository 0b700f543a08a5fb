// SPDX-License-Identifier: Apache-2.0
import { startApiServerWithChart } from "../../../hack/chart-api-server.ts";
import { describeAccessConformance } from "../testing/access/access.conformance.ts";
import { realAccessHost } from "../testing/access/access-host.ts";
import { describeClientRights } from "../testing/access/client-rights.conformance.ts";
import { ImpersonatedApi } from "../testing/access/impersonation.ts";

describeAccessConformance("real", async () => realAccessHost(await startApiServerWithChart()));
describeClientRights("real", async () => {
  const { server, close } = await startApiServerWithChart();
  const api = new ImpersonatedApi(server);
  return { as: (identity) => api.as(identity), close };
});
