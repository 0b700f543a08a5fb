// SPDX-License-Identifier: Apache-2.0
import { resources } from "../ports/kube.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { OperatorProcess } from "./operator-process.ts";

/** What a test of the operator stands on. */
export interface OperatedCluster {
  readonly cluster: FakeCluster;
  readonly operator: OperatorProcess;
}

/** A cluster whose hosts are all up, and the operator that is at work in it. */
export async function startOperatedCluster(): Promise<OperatedCluster> {
  const cluster = new FakeCluster();
  await cluster.prepare();
  const operator = new OperatorProcess(cluster);
  await cluster.until("hypervisors are up", async () => {
    const hypervisors = await cluster.list(resources.hypervisors);
    const up = hypervisors.filter(({ status }) => status?.state === "up");
    return up.length === cluster.nodes.length;
  });
  return { cluster, operator };
}
