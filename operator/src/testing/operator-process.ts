// SPDX-License-Identifier: Apache-2.0
import { runOperator } from "../controllers/operator.ts";
import { type OperatorConfig, operatorConfigSchema, readConfig } from "../platform/config.ts";
import { Metrics } from "../platform/metrics.ts";
import type { KubeStore } from "../ports/kube.ts";
import { type FakeCluster, heartbeatNamespace } from "./fake-cluster.ts";
import { FakeLogger } from "./fake-logger.ts";

const config: OperatorConfig = readConfig(operatorConfigSchema, {
  KILONOVA_NAMESPACE: "kilonova-system",
  KILONOVA_HEARTBEAT_NAMESPACE: heartbeatNamespace,
  KILONOVA_POD_NAME: "operator-1",
  KILONOVA_GUEST_IMAGE: "registry.example.org/guest:1",
});

/** The operator as a process beside a cluster in memory, which can be killed. */
export class OperatorProcess {
  readonly log = new FakeLogger();
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;

  constructor(cluster: FakeCluster, kube: KubeStore = cluster.kube) {
    const { clock, random } = cluster;
    const context = { kube, clock, random, log: this.log, metrics: new Metrics() };
    this.#ended = runOperator(context, config, "operator-1", this.#stop.signal);
  }

  kill(): void {
    this.#stop.abort();
  }

  async stop(cluster: FakeCluster): Promise<void> {
    this.kill();
    await cluster.clock.advance(0);
    await this.#ended;
  }
}
