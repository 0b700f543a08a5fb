// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from "../../../ports/errors.ts";
import type {
  DeviceResource,
  DeviceServer,
  PluginServer,
  PluginSockets,
  VolumeDriver,
  VolumeNode,
} from "../../../ports/plugin-sockets.ts";
import type { SimProcess } from "./process.ts";

interface Served<T> {
  readonly what: T;
  readonly by: SimProcess;
}

/** The sockets by which a node's kubelet and the agent find each other. */
export class NodePlugins {
  #lives = 0;
  #life: string | undefined;
  #driver: Served<VolumeDriver> | undefined;
  readonly #devices = new Map<string, Served<DeviceResource>>();
  #registered = new Set<string>();

  /** A kubelet that starts removes device sockets, and knows of no device. */
  startKubelet(): void {
    this.#lives += 1;
    this.#life = `life ${this.#lives}`;
    this.#registered.clear();
    this.#devices.clear();
  }

  stopKubelet(): void {
    this.#life = undefined;
  }

  /** How many units there are of each device that this life of the kubelet was told of. */
  offer(): Readonly<Record<string, string>> {
    const counts = [...this.#registered].toSorted().map((name) => {
      const count = this.hasDevice(name) ? (this.#devices.get(name)?.what.count ?? 0) : 0;
      return [name, String(count)] as const;
    });
    return Object.fromEntries(counts);
  }

  hasDevice(name: string): boolean {
    return this.#registered.has(name) && this.#devices.get(name)?.by.isAlive === true;
  }

  /** The volume driver as the kubelet reaches it: calls break off when the agent dies. */
  volumes(): VolumeNode | undefined {
    const served = this.#driver;
    if (served?.by.isAlive !== true) return undefined;
    const { what, by } = served;
    return {
      publish: (request) => whileAlive(by, what.node.publish(request)),
      unpublish: (request) => whileAlive(by, what.node.unpublish(request)),
    };
  }

  /** The sockets as an agent sees them. */
  of(agent: SimProcess): PluginSockets {
    return {
      serveVolumes: async (driver) => {
        const served = { what: driver, by: agent };
        this.#driver = served;
        return this.#server(
          () => this.#driver === served,
          () => {
            this.#driver = undefined;
          },
        );
      },
      serveDevices: async (resource) => {
        const served = { what: resource, by: agent };
        this.#devices.set(resource.name, served);
        const server = this.#server(
          () => this.#devices.get(resource.name) === served,
          () => this.#devices.delete(resource.name),
        );
        return { ...server, setHealthy: () => {} } satisfies DeviceServer;
      },
      registerDevices: async ({ name }) => {
        if (this.#life === undefined) throw new Unavailable("no kubelet");
        this.#registered.add(name);
      },
      kubeletLife: async () => this.#life,
    };
  }

  #server(isOurs: () => boolean, forget: () => void): PluginServer {
    return {
      isReachable: async () => isOurs(),
      close: async () => {
        if (isOurs()) forget();
      },
    };
  }
}

function whileAlive(process: SimProcess, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(new Unavailable("the driver's connection broke"));
    process.signal.addEventListener("abort", broken, { once: true });
    void work
      .then(resolve, reject)
      .finally(() => process.signal.removeEventListener("abort", broken));
  });
}
