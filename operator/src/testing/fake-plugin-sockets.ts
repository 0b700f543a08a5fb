// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from "../ports/errors.ts";
import type {
  DeviceResource,
  DeviceServer,
  PluginServer,
  PluginSockets,
  VolumeDriver,
} from "../ports/plugin-sockets.ts";

interface OpenSocket {
  readonly name: string;
  isHealthy: boolean;
}

/** A kubelet with its plugins' sockets, which the test starts and stops. */
export class FakePluginSockets implements PluginSockets {
  #lives = 0;
  #life: string | undefined;
  /** Sockets that a plugin listens on. */
  #open: OpenSocket[] = [];
  /** Resources that this life of the kubelet was told of. */
  readonly registered: string[] = [];

  /** A kubelet that starts forgets its device plugins, and removes their sockets. */
  startKubelet(): void {
    this.#lives += 1;
    this.#life = `life ${this.#lives}`;
    this.registered.length = 0;
    this.#open = this.#open.filter(({ name }) => !name.includes("/"));
  }

  stopKubelet(): void {
    this.#life = undefined;
  }

  /** What somebody does who cleans up too much. */
  removeSockets(): void {
    this.#open = [];
  }

  /** Names of drivers and resources that the kubelet can reach, with the health of the latter. */
  get reachable(): Readonly<Record<string, boolean>> {
    return Object.fromEntries(this.#open.map(({ name, isHealthy }) => [name, isHealthy]));
  }

  async serveVolumes(driver: VolumeDriver): Promise<PluginServer> {
    return this.#serve(driver.name);
  }

  async serveDevices(resource: DeviceResource): Promise<DeviceServer> {
    return this.#serve(resource.name);
  }

  async registerDevices(resource: DeviceResource): Promise<void> {
    if (this.#life === undefined) throw new Unavailable("no kubelet");
    this.registered.push(resource.name);
  }

  async kubeletLife(): Promise<string | undefined> {
    return this.#life;
  }

  #serve(name: string): DeviceServer {
    if (name in this.reachable) throw new Error(`${name} is served already`);
    const socket: OpenSocket = { name, isHealthy: true };
    this.#open.push(socket);
    return {
      isReachable: async () => this.#open.includes(socket),
      close: async () => {
        this.#open = this.#open.filter((other) => other !== socket);
      },
      setHealthy: (isHealthy) => {
        socket.isHealthy = isHealthy;
      },
    };
  }
}
