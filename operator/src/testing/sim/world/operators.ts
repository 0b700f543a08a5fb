// SPDX-License-Identifier: Apache-2.0
import { operatorConfigSchema } from "../../../controllers/config.ts";
import { runOperator } from "../../../controllers/operator.ts";
import { readConfig } from "../../../platform/config.ts";
import { runAsLeader } from "../../../platform/leader-election.ts";
import { Metrics } from "../../../platform/metrics.ts";
import { heartbeatNamespace, systemNamespace, who } from "../../access/identities.ts";
import type { Api } from "./api.ts";
import { ofLaterRelease } from "./later-release.ts";
import { Link } from "./link.ts";
import type { Physics, SimProcess } from "./process.ts";
import { Supervisor } from "./supervisor.ts";

/** One replica of the operator, wired as its program wires it. */
export class OperatorReplica {
  readonly link = new Link();
  readonly supervisor: Supervisor;
  readonly #api: Api;
  wallOffsetMs = 0;
  /** Reference of the guest image, which comes with the release. */
  guestImage = "registry.example.org/guest:1";
  /** It is of a release that knows more than the one under test. */
  isLater = false;

  constructor(name: string, physics: Physics, api: Api) {
    this.#api = api;
    this.supervisor = new Supervisor({
      name,
      physics,
      isPossible: () => true,
      wallOffsetMs: () => this.wallOffsetMs,
      run: (process, stop) => this.#run(process, stop),
      restartMs: [1000, 10_000],
    });
  }

  async #run(process: SimProcess, signal: AbortSignal): Promise<void> {
    const config = readConfig(operatorConfigSchema, {
      KILONOVA_NAMESPACE: systemNamespace,
      KILONOVA_HEARTBEAT_NAMESPACE: heartbeatNamespace,
      KILONOVA_POD_NAME: process.name,
      KILONOVA_GUEST_IMAGE: this.guestImage,
    });
    const { clock, random, log } = process;
    const own = this.#api.connect(process, this.link, who.operator);
    const kube = this.isLater ? ofLaterRelease(own, "laterOperator") : own;
    const context = { kube, clock, random, log, metrics: new Metrics() };
    const identity = `${config.podName}_${random.uuid()}`;
    await runAsLeader(
      { ...context, namespace: config.namespace, name: "kilonova-operator", identity, signal },
      async (leading, prove) => {
        await runOperator(context, config, { instance: identity, prove }, leading);
      },
    );
  }
}
