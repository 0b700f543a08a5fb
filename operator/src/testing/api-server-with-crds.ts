// SPDX-License-Identifier: Apache-2.0
import { type LoneApiServer, startApiServer } from "../../../hack/cluster/apiserver-only.ts";

const crds = `${import.meta.dirname}/../../../crds`;

/** A real API server that knows our kinds, and nothing else of the product. */
export async function startApiServerWithCrds(): Promise<LoneApiServer> {
  const server = await startApiServer();
  await server.kubectl(["apply", "-f", crds]);
  const established = ["--for=condition=Established", "crd", "--all", "--timeout=30s"];
  await server.kubectl(["wait", ...established]);
  return server;
}
