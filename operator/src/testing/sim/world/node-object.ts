// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import { isEqual } from "../../../api/equal.ts";
import { NotFound, PortError } from "../../../ports/errors.ts";
import { type KubeStore, type Node, resources } from "../../../ports/kube.ts";
import type { Machine } from "./machine.ts";
import type { SimProcess } from "./process.ts";

const retryMs = 1000;
const refreshMs = 4000;

/** What a kubelet keeps saying of its node: it registers once, and tells what there is when it changes. */
export class NodeObject {
  readonly #machine: Machine;
  readonly #process: SimProcess;
  readonly #kube: KubeStore;

  constructor(machine: Machine, process: SimProcess, kube: KubeStore) {
    this.#machine = machine;
    this.#process = process;
    this.#kube = kube;
  }

  /** Makes the Node object if there is none. Returns when it says what the node has. */
  async register(): Promise<void> {
    for (;;) {
      try {
        return await this.#tell(await this.#found());
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        await this.#process.clock.sleep(retryMs);
      }
    }
  }

  /** Tells what changed, until the process ends. A Node that was deleted is not made anew. */
  async keep(): Promise<void> {
    while (this.#process.isAlive) {
      await this.#process.clock.sleep(refreshMs);
      try {
        await this.#tell(await this.#kube.get(resources.nodes, { name: this.#machine.name }));
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
      }
    }
  }

  async #found(): Promise<Node> {
    const { name } = this.#machine;
    try {
      return await this.#kube.get(resources.nodes, { name });
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
    const metadata = { name, labels: { [label.hypervisor]: "true" } };
    const object = { apiVersion: "v1", kind: "Node", metadata };
    return this.#kube.create(resources.nodes, object, { fieldManager: "kubelet" });
  }

  async #tell(node: Node): Promise<void> {
    const { memoryMib, plugins } = this.#machine;
    const allocatable = { memory: `${memoryMib}Mi`, pods: "110", ...plugins.offer() };
    if (isEqual(node.status?.allocatable, allocatable)) return;
    const next = { ...node, status: { allocatable } };
    await this.#kube.updateStatus(resources.nodes, next, { fieldManager: "kubelet" });
  }
}
