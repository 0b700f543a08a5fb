// SPDX-License-Identifier: Apache-2.0
import {
  Controller,
  type ControllerOptions,
  type ReconcileResult,
} from "../../platform/controller.ts";
import type { Devices } from "../../ports/devices.ts";
import type { DeviceResource, DeviceServer, PluginSockets } from "../../ports/plugin-sockets.ts";
import type { OfferedDevice } from "./offered-devices.ts";

export interface DevicePluginOptions
  extends Pick<ControllerOptions, "clock" | "random" | "log" | "metrics"> {
  readonly sockets: PluginSockets;
  readonly devices: Devices;
  readonly device: OfferedDevice;
  /** Where the agent's own device files stand. */
  readonly directory: string;
}

/** The kubelet's own limit of pods: the devices themselves know none. */
const podsMax = 110;
/** A kubelet that was restarted knows no plugins, and refuses pods that ask for their devices. */
const lookAgainSeconds = 1;

/**
 * Offers a device of the host to server pods, where there is one. A device that goes away is told as unhealthy; the kubelet's restarts are noticed.
 */
export class DevicePlugin {
  readonly #options: DevicePluginOptions;
  readonly #resource: DeviceResource;
  readonly #controller: Controller;
  #server: DeviceServer | undefined;
  #registeredLife: string | undefined;

  constructor(options: DevicePluginOptions) {
    this.#options = options;
    const { device, directory } = options;
    this.#resource = {
      name: device.resource,
      count: podsMax,
      device: {
        containerPath: device.hostPath,
        hostPath: `${directory}/${device.name}`,
      },
    };
    this.#controller = new Controller({
      ...options,
      name: `${device.name}-plugin`,
      workers: 1,
      reconcile: () => this.#offer(),
    });
  }

  /** Offers until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#controller.enqueue(this.#resource.name);
    await this.#controller.run(signal);
    await this.#server?.close();
  }

  async #offer(): Promise<ReconcileResult> {
    const { sockets, devices, device } = this.#options;
    const again = { kind: "again", afterSeconds: lookAgainSeconds } as const;
    const isThere = await devices.exists(device.hostPath);
    if (isThere) await devices.copy(device.hostPath, this.#resource.device.hostPath);
    const life = await sockets.kubeletLife();
    if (life === undefined || (!isThere && this.#server === undefined)) return again;
    const server = await this.#reachableServer();
    server.setHealthy(isThere);
    if (this.#registeredLife !== life) {
      await sockets.registerDevices(this.#resource);
      this.#registeredLife = life;
      this.#options.log.info({ device: this.#resource.name }, "device plugin registered");
    }
    return again;
  }

  /** A kubelet that starts removes all sockets beside its own. */
  async #reachableServer(): Promise<DeviceServer> {
    if (this.#server !== undefined && (await this.#server.isReachable())) return this.#server;
    await this.#server?.close();
    this.#server = undefined;
    this.#registeredLife = undefined;
    this.#server = await this.#options.sockets.serveDevices(this.#resource);
    return this.#server;
  }
}
