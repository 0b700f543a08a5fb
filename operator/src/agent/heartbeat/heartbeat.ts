// SPDX-License-Identifier: Apache-2.0
import { fieldManager } from "../../api/names.ts";
import type { Logger } from "../../platform/logging.ts";
import { pause } from "../../platform/pause.ts";
import { type Clock, microTimestampOf } from "../../ports/clock.ts";
import { Conflict, NotFound, PortError } from "../../ports/errors.ts";
import { type KubeStore, type Lease, resources } from "../../ports/kube.ts";

export interface HeartbeatOptions {
  readonly kube: KubeStore;
  /** Namespace of the Leases of all nodes. */
  readonly namespace: string;
  /** Name of the node, of its Lease and of the Lease's holder. */
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const intervalSeconds = 5;
/** For those who look: the operator times the changes by its own clock. */
const leaseDurationSeconds = 20;

/** Tells that this node's agent is alive, by renewing a Lease. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  /** As it was last written: a renewal is one write, and no read. */
  #lease: Lease | undefined;
  #hasFailed = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Beats until aborted. A beat that fails is not repeated: the next one follows as ever. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await this.#tryBeat();
      await pause(clock, intervalSeconds * 1000, signal);
    }
  }

  async #tryBeat(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#beat();
      if (this.#hasFailed) log.info("heartbeat goes on");
      this.#hasFailed = false;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (!this.#hasFailed) log.warn({ err: error, reason: error.reason }, "heartbeat failed");
      this.#hasFailed = true;
    }
  }

  async #beat(): Promise<void> {
    const { kube } = this.#options;
    try {
      this.#lease ??= await this.#findOrCreate();
      const renewed = { ...this.#lease, spec: { ...this.#lease.spec, ...this.#claim() } };
      this.#lease = await kube.update(resources.leases, renewed, {
        fieldManager: fieldManager.agent,
      });
    } catch (error) {
      // Somebody else wrote or removed it: the next beat looks at it anew.
      if (error instanceof Conflict || error instanceof NotFound) this.#lease = undefined;
      throw error;
    }
  }

  async #findOrCreate(): Promise<Lease> {
    const { kube, namespace, nodeName: name } = this.#options;
    try {
      return await kube.get(resources.leases, { namespace, name });
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
    const lease: Lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace, name },
      spec: this.#claim(),
    };
    return kube.create(resources.leases, lease, { fieldManager: fieldManager.agent });
  }

  #claim(): NonNullable<Lease["spec"]> {
    const { clock, nodeName } = this.#options;
    return {
      holderIdentity: nodeName,
      leaseDurationSeconds,
      renewTime: microTimestampOf(clock),
    };
  }
}
