// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../api/define-kind.ts";
import type { Guest, Server } from "../api/kinds.ts";
import { annotation, fieldManager, label } from "../api/names.ts";
import { timestampOf } from "../core/lib/time.ts";
import { ifPresent } from "../controllers/absence.ts";
import { type Clock, microTimestampOf } from "../ports/clock.ts";
import {
  type KubeStore,
  type Pod,
  type ResourceObject,
  type ResourceType,
  resources,
} from "../ports/kube.ts";
import { aFlavor, aHypervisor, anImage, aServer } from "./builders.ts";
import { FakeNode } from "./fake-node.ts";

const user = { fieldManager: "a-user" };
const agent = { fieldManager: fieldManager.agent };
const kubelet = { fieldManager: "kubelet" };
const beatMs = 5000;

export const heartbeatNamespace = "heartbeats";
export const serverRef = { namespace: "team", name: "web" };

export interface FakeWorkersOptions {
  /** As whoever may do everything. */
  readonly kube: KubeStore;
  readonly clock: Clock;
  /** Names of the nodes. */
  readonly hosts?: readonly string[];
}

/** All but the operator, beside any API server: users, nodes, their kubelets and their agents. */
export class FakeWorkers {
  readonly nodes: readonly FakeNode[];
  readonly #kube: KubeStore;
  readonly #clock: Clock;
  readonly #beatMs = new Map<string, number>();
  readonly #reported = new Set<string>();

  constructor({ kube, clock, hosts = ["node-1", "node-2", "node-3"] }: FakeWorkersOptions) {
    this.#kube = kube;
    this.#clock = clock;
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
    return this.#kube.patch(resources.servers, serverRef, { spec }, user);
  }

  deleteServer(): Promise<void> {
    return this.#kube.delete(resources.servers, serverRef);
  }

  /** Undefined when it is gone. */
  server(name = serverRef.name): Promise<Server | undefined> {
    return ifPresent(this.#kube.get(resources.servers, { ...serverRef, name }));
  }

  /** Whether a server is in a phase, and its whole spec is reached. */
  async isSettled(phase: string): Promise<boolean> {
    const { status, metadata } = (await this.server()) ?? {};
    const isCurrent = status?.observedGeneration === metadata?.generation;
    return status?.phase === phase && status.taskState === undefined && isCurrent;
  }

  async list<T extends ResourceObject>(type: ResourceType<T>): Promise<readonly T[]> {
    return (await this.#kube.list(type, { consistency: "quorum" })).items;
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

  /** Disks of all servers, wherever they are. */
  get diskCount(): number {
    return this.nodes.reduce((sum, node) => sum + node.disks.size, 0);
  }

  /** One round of all kubelets and agents. */
  async work(): Promise<void> {
    for (const node of this.nodes.filter(({ isUp }) => isUp)) await this.#beat(node);
    for (const pod of await this.list(resources.pods)) await this.#keepPod(pod);
    const guests = await this.list(resources.guests);
    for (const node of this.nodes) {
      node.guests = guests.filter(({ spec }) => spec.host === node.name);
      node.everyGuest = guests;
    }
    for (const guest of guests) await this.#serve(guest);
  }

  /** What there is, for the message of a test that waits in vain. */
  async describe(): Promise<string> {
    const [server] = await this.list(resources.servers);
    const guests = await this.list(resources.guests);
    const story = { server, guests: guests.map(({ spec, status }) => ({ spec, status })) };
    return JSON.stringify(story).slice(0, 4000);
  }

  #create<T extends ResourceObject>(type: ResourceType<T>, object: T): Promise<T> {
    return this.#kube.create(type, object, user);
  }

  /** The agent's heartbeat and report. */
  async #beat({ name }: FakeNode): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#beatMs.get(name) ?? -Infinity) >= beatMs) {
      this.#beatMs.set(name, nowMs);
      const identity = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
      const annotations = { [annotation.forgotten]: "" };
      const metadata = { namespace: heartbeatNamespace, name, annotations };
      const spec = { renewTime: microTimestampOf(this.#clock) };
      await this.#kube.apply(resources.leases, { ...identity, metadata, spec }, agent);
    }
    if (!this.#reported.has(name)) await this.#report(name);
  }

  async #report(name: string): Promise<void> {
    const found = await ifPresent(this.#kube.get(resources.hypervisors, { name }));
    if (found === undefined) return;
    const { inventory } = aHypervisor().status ?? {};
    const uuid = "11111111-2222-4333-8444-555555555555";
    const status = { uuid, nodeUid: `uid-of-${name}`, virtType: "qemu", inventory };
    const object = { apiVersion, kind: "Hypervisor", metadata: { name }, status };
    await this.#kube.apply(resources.hypervisors, object, { ...agent, subresource: "status" });
    this.node(name).inventories = inventory;
    this.#reported.add(name);
  }

  /** The kubelet runs what is new. */
  async #keepPod(pod: Pod): Promise<void> {
    if (pod.status?.phase !== "Pending") return;
    const next = { ...pod, status: { ...pod.status, phase: "Running" as const } };
    await this.#kube.updateStatus(resources.pods, next, kubelet);
  }

  async #serve(guest: Guest): Promise<void> {
    const node = this.node(guest.spec.host);
    if (!node.isUp) return;
    const { namespace = "", name } = guest.metadata;
    const pod = await ifPresent(this.#kube.get(resources.pods, { namespace, name }));
    const now = timestampOf(this.#clock.nowMs());
    const write = node.reconcile(guest, pod?.status?.phase === "Running", now);
    if (write?.kind === "status") {
      const next = { ...guest, status: write.status };
      await this.#kube.updateStatus(resources.guests, next, agent);
    } else if (write?.kind === "finalizers") {
      const change = { metadata: { finalizers: write.finalizers } };
      await this.#kube.patch(resources.guests, { namespace, name }, change, agent);
    }
  }
}

/** A builder's object without what the API server gives. */
function asNew<T extends ResourceObject>(object: T): T {
  const { name, namespace } = object.metadata;
  return { ...object, metadata: { name, ...(namespace !== undefined && { namespace }) } };
}
