// SPDX-License-Identifier: Apache-2.0
/** A namespace of a test, what a tenant does in it, and what the test may ask of the result. */
import { apiVersion } from "../../operator/src/api/define-kind.ts";
import type { Guest, Server } from "../../operator/src/api/kinds.ts";
import type { ServerPhase } from "../../operator/src/api/v1alpha1/server.ts";
import { NotFound } from "../../operator/src/ports/errors.ts";
import { resources } from "../../operator/src/ports/kube.ts";
import { type GuestConsole, consoleOf } from "./console.ts";
import { type Process, qemusOf } from "./processes.ts";
import { until } from "./wait.ts";
import type { World } from "./world.ts";

export const flavorName = "e2e.tiny";
export const imageName = "tiny";

type ServerSpecInput = Partial<Server["spec"]>;

/** One tenant's namespace, held to PodSecurity restricted, with a flavor and an image to boot from. */
export class Tenant {
  readonly world: World;
  readonly namespace: string;

  constructor(world: World, namespace: string) {
    this.world = world;
    this.namespace = namespace;
  }

  async prepare(): Promise<void> {
    await this.apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: this.namespace,
        labels: { "pod-security.kubernetes.io/enforce": "restricted" },
      },
    });
    await this.apply(this.#flavor(), this.#image());
  }

  /** Deletes the namespace with all that is in it and waits until it is gone. */
  async remove(): Promise<void> {
    await this.kubectl(
      "delete",
      "namespace",
      this.namespace,
      "--ignore-not-found",
      "--timeout=90s",
    );
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await this.world.cluster.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(list) });
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    return (await this.world.cluster.kubectl(args)).stdout;
  }

  async createServer(
    name: string,
    spec: ServerSpecInput = {},
    labels: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.apply(this.serverManifest(name, spec, labels));
  }

  /** A Server of the suite's flavor and image. */
  serverManifest(
    name: string,
    spec: ServerSpecInput = {},
    labels: Readonly<Record<string, string>> = {},
  ) {
    return {
      apiVersion,
      kind: "Server",
      metadata: { name, namespace: this.namespace, labels },
      spec: { flavor: flavorName, image: { name: imageName }, ...spec },
    } as const;
  }

  async patchServer(name: string, spec: object): Promise<void> {
    await this.kubectl(
      ...["patch", "server", "-n", this.namespace, name, "--type=merge"],
      ...["-p", JSON.stringify({ spec })],
    );
  }

  server(name: string): Promise<Server> {
    return this.world.store.get(resources.servers, { namespace: this.namespace, name });
  }

  /** The Guests of a server; more than one only while one gives way to the next. */
  async guestsOf(name: string): Promise<readonly Guest[]> {
    const options = { namespace: this.namespace, consistency: "quorum" } as const;
    const { items } = await this.world.store.list(resources.guests, options);
    return items.filter((guest) => guest.spec.server.name === name);
  }

  untilServer(
    name: string,
    what: string,
    holds: (server: Server) => boolean,
    timeoutSeconds = 60,
  ): Promise<Server> {
    return until(
      `server ${name}: ${what}`,
      async () => {
        const server = await this.server(name);
        if (holds(server)) return server;
        throw new Error(JSON.stringify(server.status));
      },
      { timeoutSeconds, intervalMs: 150 },
    );
  }

  /** Waits until the phase is this one and the whole spec is reached. */
  untilPhase(name: string, phase: ServerPhase, timeoutSeconds = 60): Promise<Server> {
    return this.untilServer(
      name,
      phase,
      ({ metadata, status }) =>
        status?.phase === phase &&
        status.taskState === undefined &&
        status.observedGeneration === metadata.generation,
      timeoutSeconds,
    );
  }

  async untilGone(name: string, timeoutSeconds = 60): Promise<void> {
    await until(
      `server ${name} is gone`,
      async () => {
        try {
          await this.server(name);
          return false;
        } catch (error) {
          if (error instanceof NotFound) return true;
          throw error;
        }
      },
      { timeoutSeconds },
    );
  }

  /** The console of the pod that the server runs in now. */
  async console(name: string): Promise<GuestConsole> {
    const pod = (await this.server(name)).status?.podName;
    if (pod === undefined) throw new Error(`server ${name} has no pod`);
    return consoleOf(this.world, this.namespace, pod);
  }

  /** Boots a server and waits until the guest itself says that it is up. */
  async boot(name: string, spec: ServerSpecInput = {}): Promise<Server> {
    await this.createServer(name, spec);
    const server = await this.untilPhase(name, "ACTIVE", 90);
    await (await this.console(name)).until(/KILONOVA-GUEST up/);
    return server;
  }

  /**
   * Asks the guest until it answers: one that boots hears nothing yet, and its pod's log may still show
   * what an earlier boot said.
   */
  askUntilAnswered(name: string, request: string, timeoutSeconds = 120): Promise<string> {
    return until(
      `server ${name} answers ${request}`,
      async () => (await this.console(name)).ask(request, 4),
      { timeoutSeconds },
    );
  }

  /** Every QEMU of this server on any node. */
  async qemus(name: string): Promise<Process[]> {
    const { metadata, spec } = await this.server(name);
    return qemusOf(spec.uuid ?? metadata.uid ?? "no uid");
  }

  /** The one QEMU of this server. Throws unless there is exactly one. */
  async qemu(name: string): Promise<Process> {
    const found = await this.qemus(name);
    const [only] = found;
    if (found.length !== 1 || only === undefined) {
      throw new Error(`server ${name}: ${found.length} QEMU processes: ${JSON.stringify(found)}`);
    }
    return only;
  }

  #flavor(): object {
    return {
      apiVersion,
      kind: "Flavor",
      metadata: { name: flavorName },
      spec: { vcpus: 1, memoryMib: 192, rootDiskGib: 1 },
    };
  }

  #image(): object {
    const { url, checksum } = this.world.image;
    return {
      apiVersion,
      kind: "Image",
      metadata: { name: imageName, namespace: this.namespace },
      spec: { source: { http: { url, checksum } }, format: "qcow2" },
    };
  }
}
