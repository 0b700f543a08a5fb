// SPDX-License-Identifier: Apache-2.0
import type { Context } from "../controllers/fleet.ts";
import { runOperator } from "../controllers/operator.ts";
import { type OperatorConfig, operatorConfigSchema } from "../controllers/config.ts";
import { readConfig } from "../platform/config.ts";
import { Metrics } from "../platform/metrics.ts";
import { heartbeatNamespace } from "./fake-workers.ts";
import { FakeLogger } from "./fake-logger.ts";

const config: OperatorConfig = readConfig(operatorConfigSchema, {
  KILONOVA_NAMESPACE: "kilonova-system",
  KILONOVA_HEARTBEAT_NAMESPACE: heartbeatNamespace,
  KILONOVA_POD_NAME: "operator-1",
  KILONOVA_GUEST_IMAGE: "registry.example.org/guest:1",
});

/** The operator as a process, which can be killed. */
export class OperatorProcess {
  readonly log = new FakeLogger();
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;

  constructor({ kube, clock, random }: Pick<Context, "kube" | "clock" | "random">) {
    const context = { kube, clock, random, log: this.log, metrics: new Metrics() };
    const leader = { instance: "operator-1", prove: () => Promise.resolve() };
    this.#ended = runOperator(context, config, leader, this.#stop.signal);
  }

  /** Returns at once; nothing is begun any more. */
  kill(): void {
    this.#stop.abort();
  }

  /** Returns when nothing is under way any more. */
  async stop(): Promise<void> {
    this.kill();
    await this.#ended;
  }

  /** {@link stop}, and throws when it logged an error: that is a bug of the operator. */
  async stopFaultless(): Promise<void> {
    await this.stop();
    const error = this.log.lines.find(({ level }) => level === "error");
    if (error !== undefined) throw new Error(error.message, { cause: error.err });
  }
}
