// SPDX-License-Identifier: Apache-2.0
import {
  Controller,
  type ControllerOptions,
  type ReconcileResult,
} from "../../platform/controller.ts";
import type { PluginServer, PluginSockets, VolumeDriver } from "../../ports/plugin-sockets.ts";

export interface VolumePluginOptions
  extends Pick<ControllerOptions, "clock" | "random" | "log" | "metrics"> {
  readonly sockets: PluginSockets;
  readonly driver: Omit<VolumeDriver, "onRegistration">;
}

const lookAgainSeconds = 5;

/** Serves the CSI driver for as long as the agent runs, also when somebody removes its sockets. */
export class VolumePlugin {
  readonly #options: VolumePluginOptions;
  readonly #controller: Controller;
  #server: PluginServer | undefined;

  constructor(options: VolumePluginOptions) {
    this.#options = options;
    this.#controller = new Controller({
      ...options,
      name: "volume-plugin",
      workers: 1,
      reconcile: () => this.#serve(),
    });
  }

  /** Whether the kubelet can reach the driver, as far as is known. */
  get isServing(): boolean {
    return this.#server !== undefined;
  }

  /** Serves until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#controller.enqueue(this.#options.driver.name);
    await this.#controller.run(signal);
    await this.#server?.close();
  }

  async #serve(): Promise<ReconcileResult> {
    if ((await this.#server?.isReachable()) !== true) {
      await this.#server?.close();
      this.#server = undefined;
      const { sockets, driver, log } = this.#options;
      this.#server = await sockets.serveVolumes({
        ...driver,
        onRegistration: (fault) => {
          if (fault === undefined)
            log.info({ name: driver.name }, "kubelet took the volume driver");
          else log.error({ name: driver.name, cause: fault }, "kubelet refused the volume driver");
        },
      });
    }
    return { kind: "again", afterSeconds: lookAgainSeconds };
  }
}
