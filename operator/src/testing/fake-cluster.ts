// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../api/define-kind.ts";
import type { Guest, Server } from "../api/kinds.ts";
import { fieldManager, label } from "../api/names.ts";
import { timestampOf } from "../ports/clock.ts";
import { NotFound } from "../ports/errors.ts";
import {
  type KubeStore,
  type Pod,
  type ResourceObject,
  type ResourceType,
  resources,
} from "../ports/kube.ts";
import { aFlavor, aHypervisor, anImage, aServer } from "./builders.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeKube } from "./fake-kube.ts";
import { FakeNode } from "./fake-node.ts";
import { SeededRandom } from "./seeded-random.ts";

const user = { fieldManager: "a-user" };
const agent = { fieldManager: fieldManager.agent };
const kubelet = { fieldManager: "kubelet" };
const everywhere = { consistency: "quorum" } as const;
const beatMs = 5000;

export const heartbeatNamespace = "heartbeats";
export const serverRef = { namespace: "team", name: "web" };

export interface FakeClusterOptions {
  /** Names of the nodes. */
  readonly hosts?: readonly string[];
  /** How often everybody looks at what there is to do. */
  readonly stepMs?: number;
}

/** A cluster in memory with nodes, agents and kubelets; the operator is the test's to run. */
export class FakeCluster {
  readonly clock = new FakeClock();
  readonly random = new SeededRandom(1);
  readonly kube: FakeKube;
  readonly nodes: readonly FakeNode[];
  readonly #stepMs: number;
  readonly #beatMs = new Map<string, number>();
  readonly #reported = new Set<string>();

  constructor({ hosts = ["node-1", "node-2", "node-3"], stepMs = 250 }: FakeClusterOptions = {}) {
    this.#stepMs = stepMs;
    this.kube = new FakeKube({ clock: this.clock, random: this.random });
    this.nodes = hosts.map((name) => new FakeNode(name));
  }

  /** Labelled nodes, a flavor and an image. */
  async prepare(): Promise<void> {
    for (const { name } of this.nodes) {
      const metadata = { name, labels: { [label.hypervisor]: "true" } };
      await this.#create(resources.nodes, { apiVersion: "v1", kind: "Node", metadata });
    }
    await this.#create(resources.flavors, asNew(aFlavor()));
    await this.#create(resources.images, asNew(anImage()));
  }

  createServer(spec: Partial<Server["spec"]> = {}, name = serverRef.name): Promise<Server> {
    return this.#create(resources.servers, asNew(aServer({ metadata: { name }, spec })));
  }

  patchServer(spec: Partial<Server["spec"]>): Promise<Server> {
    return this.kube.patch(resources.servers, serverRef, { spec }, user);
  }

  deleteServer(): Promise<void> {
    return this.kube.delete(resources.servers, serverRef);
  }

  /** Undefined when it is gone. */
  async server(name = serverRef.name): Promise<Server | undefined> {
    return ifThere(this.kube.get(resources.servers, { ...serverRef, name }));
  }

  async list<T extends ResourceObject>(type: ResourceType<T>): Promise<readonly T[]> {
    return (await this.kube.list(type, everywhere)).items;
  }

  node(name: string | undefined): FakeNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** Domains of one server, wherever they run. */
  domainsOf(serverUid: string | undefined): number {
    const domains = this.nodes.flatMap((node) => [...node.domains.values()]);
    return domains.filter((domain) => domain.serverUid === serverUid).length;
  }

  /** Lets time pass, with all at work, until something holds. Throws when that takes too long. */
  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    secondsMax = 120,
  ): Promise<void> {
    const untilMs = this.clock.monotonicMs() + secondsMax * 1000;
    for (;;) {
      await this.clock.advance(this.#stepMs);
      await this.work();
      await this.clock.advance(0);
      if (await holds()) return;
      if (this.clock.monotonicMs() > untilMs) {
        throw new Error(`${what}: not after ${secondsMax} s: ${await this.#story()}`);
      }
    }
  }

  /** One round of everybody but the operator. */
  async work(): Promise<void> {
    for (const node of this.nodes.filter(({ isUp }) => isUp)) await this.#beat(node);
    for (const pod of await this.list(resources.pods)) await this.#keepPod(pod);
    for (const guest of await this.list(resources.guests)) await this.#serve(guest);
    this.kube.collectGarbage();
  }

  #create<T extends ResourceObject>(type: ResourceType<T>, object: T): Promise<T> {
    return this.kube.create(type, object, user);
  }

  /** The agent's heartbeat and report. */
  async #beat({ name }: FakeNode): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - (this.#beatMs.get(name) ?? -Infinity) >= beatMs) {
      this.#beatMs.set(name, nowMs);
      const identity = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
      const metadata = { namespace: heartbeatNamespace, name };
      const spec = { renewTime: timestampOf(this.clock) };
      await this.kube.apply(resources.leases, { ...identity, metadata, spec }, agent);
    }
    if (!this.#reported.has(name)) await this.#report(name);
  }

  async #report(name: string): Promise<void> {
    const found = await ifThere(this.kube.get(resources.hypervisors, { name }));
    if (found === undefined) return;
    const { inventory } = aHypervisor().status ?? {};
    const uuid = "11111111-2222-4333-8444-555555555555";
    const status = { uuid, nodeUid: `uid-of-${name}`, virtType: "qemu", inventory };
    const object = { apiVersion, kind: "Hypervisor", metadata: { name }, status };
    await this.kube.apply(resources.hypervisors, object, { ...agent, subresource: "status" });
    this.#reported.add(name);
  }

  /** The kubelet runs what is new. */
  async #keepPod(pod: Pod): Promise<void> {
    if (pod.status?.phase !== "Pending") return;
    await this.kube.updateStatus(resources.pods, { ...pod, status: { phase: "Running" } }, kubelet);
  }

  async #serve(guest: Guest): Promise<void> {
    const node = this.node(guest.spec.host);
    if (!node.isUp) return;
    const { namespace = "", name } = guest.metadata;
    const pod = await ifThere(this.kube.get(resources.pods, { namespace, name }));
    const write = node.reconcile(guest, pod?.status?.phase === "Running", timestampOf(this.clock));
    if (write?.kind === "status") {
      const next = { ...guest, status: write.status };
      await this.kube.updateStatus(resources.guests, next, agent);
    } else if (write?.kind === "finalizers") {
      const change = { metadata: { finalizers: write.finalizers } };
      await this.kube.patch(resources.guests, { namespace, name }, change, agent);
    }
  }

  async #story(): Promise<string> {
    const [server] = await this.list(resources.servers);
    const guests = await this.list(resources.guests);
    const story = { server, guests: guests.map(({ spec, status }) => ({ spec, status })) };
    return JSON.stringify(story).slice(0, 4000);
  }
}

/** A builder's object without what the API server gives. */
function asNew<T extends ResourceObject>(object: T): T {
  const { name, namespace } = object.metadata;
  return { ...object, metadata: { name, ...(namespace !== undefined && { namespace }) } };
}

async function ifThere<T>(
  answer: ReturnType<KubeStore["get"]> | Promise<T>,
): Promise<T | undefined> {
  try {
    return (await answer) as T;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
