// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock as clock } from "../../operator/src/adapters/clock/system-clock.ts";
import { systemRandom as random } from "../../operator/src/adapters/clock/system-random.ts";
import { apiVersion } from "../../operator/src/api/define-kind.ts";
import { type Guest, kinds } from "../../operator/src/api/kinds.ts";
import { annotation, fieldManager, label } from "../../operator/src/api/names.ts";
import { timestampOf } from "../../operator/src/core/lib/time.ts";
import { Controller, type ReconcileResult } from "../../operator/src/platform/controller.ts";
import { Informer } from "../../operator/src/platform/informer.ts";
import { refOf } from "../../operator/src/platform/object-key.ts";
import { Metrics } from "../../operator/src/platform/metrics.ts";
import { microTimestampOf } from "../../operator/src/ports/clock.ts";
import { PortError } from "../../operator/src/ports/errors.ts";
import {
  type KubeStore,
  type Lease,
  type Pod,
  type ResourceObject,
  type ResourceType,
  resources,
} from "../../operator/src/ports/kube.ts";
import { heartbeatNamespace, who } from "../../operator/src/testing/access/identities.ts";
import { ImpersonatedApi } from "../../operator/src/testing/access/impersonation.ts";
import { FakeLogger } from "../../operator/src/testing/fake-logger.ts";
import { FakeNode } from "../../operator/src/testing/fake-node.ts";
import type { LoneApiServer } from "../cluster/apiserver-only.ts";

const agent = { fieldManager: fieldManager.agent };
const kubelet = { fieldManager: "kubelet" };
const beatMs = 5000;
const workers = 24;
const units = { reserved: 0, allocationRatio: 1, minUnit: 1, stepSize: 1 };
/** A host with room for far more servers than it will get. */
const inventory = {
  VCPU: { ...units, total: 64, maxUnit: 64, allocationRatio: 4 },
  MEMORY_MB: { ...units, total: 262_144, maxUnit: 262_144 },
  DISK_GB: { ...units, total: 4000, maxUnit: 4000 },
};

/** All agents and kubelets of a fleet in one process, each with the identity of its own node. */
export class ScaleHosts {
  readonly #api: ImpersonatedApi;
  /** Heartbeats must not wait behind anything else. */
  readonly #heartbeatApi: ImpersonatedApi;
  readonly #nodes: ReadonlyMap<string, FakeNode>;
  readonly #log = new FakeLogger();
  readonly #guests: Informer<Guest>;
  readonly #pods: Informer<Pod>;
  readonly #agents: Controller;
  readonly #kubelets: Controller;
  /** By the uid of an object: the version that it was last written over. */
  readonly #overwritten = new Map<string | undefined, string | undefined>();
  /** Times (performance.now) at which hosts took claims. */
  readonly acceptedMs: number[] = [];

  /** The token is an administrator's. */
  constructor(server: LoneApiServer, token: string, names: readonly string[]) {
    this.#api = new ImpersonatedApi(server, token);
    this.#heartbeatApi = new ImpersonatedApi(server, token);
    this.#nodes = new Map(names.map((name) => [name, new FakeNode(name)]));
    this.#guests = this.#informer(resources.guests);
    this.#pods = this.#informer(resources.pods);
    this.#agents = this.#controller("agents", (key) => this.#serve(key));
    this.#kubelets = this.#controller("kubelets", (key) => this.#runPod(key));
    // A pod has the name of its Guest.
    const work = ({ key }: { readonly key: string }): void => {
      this.#agents.enqueue(key);
      this.#kubelets.enqueue(key);
    };
    this.#guests.onChange(work);
    this.#pods.onChange(work);
  }

  /** What all of them see, as whoever may read everything. */
  get store(): KubeStore {
    return this.#api.as(who.administrator);
  }

  /** Makes the nodes and lets their hearts beat; resolves when each has beaten once. */
  async prepare(): Promise<void> {
    for (const batch of batches([...this.#nodes.keys()], workers)) {
      await Promise.all(batch.map((name) => this.#register(name)));
    }
  }

  /** Works until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#guests.run(signal),
      this.#pods.run(signal),
      this.#agents.run(signal),
      this.#kubelets.run(signal),
      ...[...this.#nodes.keys()].map((name) => this.#beat(name, signal)),
    ]);
  }

  /** Each agent tells its inventory. The Hypervisors must be there. */
  async report(): Promise<void> {
    for (const batch of batches([...this.#nodes.keys()], workers)) {
      await Promise.all(batch.map((name) => this.#report(name)));
    }
  }

  #informer<T extends ResourceObject>(type: ResourceType<T>): Informer<T> {
    return new Informer({ kube: this.store, type, clock, random, log: this.#log });
  }

  #controller(name: string, act: (key: string) => Promise<void>): Controller {
    const reconcile = async (key: string): Promise<ReconcileResult> => {
      await act(key);
      return { kind: "done" };
    };
    const [log, metrics] = [this.#log, new Metrics()];
    return new Controller({ name, workers, reconcile, clock, random, log, metrics });
  }

  async #register(name: string): Promise<void> {
    const metadata = { name, labels: { [label.hypervisor]: "true" } };
    await this.store.create(resources.nodes, { apiVersion: "v1", kind: "Node", metadata }, kubelet);
    const lease: Lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        namespace: heartbeatNamespace,
        name,
        annotations: { [annotation.forgotten]: "" },
      },
      spec: { holderIdentity: name },
    };
    await this.#heartbeatApi.as(who.agentOf(name)).create(resources.leases, lease, agent);
  }

  async #report(name: string): Promise<void> {
    const status = {
      uuid: random.uuid(),
      nodeUid: `uid-of-${name}`,
      virtType: "kvm",
      inventory,
    };
    const object = { apiVersion, kind: kinds.hypervisor.kind, metadata: { name }, status };
    const options = { ...agent, subresource: "status" } as const;
    await this.#api.as(who.agentOf(name)).apply(resources.hypervisors, object, options);
  }

  async #beat(name: string, signal: AbortSignal): Promise<void> {
    const store = this.#heartbeatApi.as(who.agentOf(name));
    await sleep(random.fraction() * beatMs);
    const ref = { namespace: heartbeatNamespace, name };
    let lease: Lease | undefined;
    while (!signal.aborted) {
      const startedMs = performance.now();
      try {
        lease ??= await store.get(resources.leases, ref);
        const spec = { ...lease.spec, renewTime: microTimestampOf(clock) };
        lease = await store.update(resources.leases, { ...lease, spec }, agent);
      } catch (error) {
        // An agent misses a beat now and then as well.
        if (!(error instanceof PortError)) throw error;
        lease = undefined;
      }
      await sleep(Math.max(0, beatMs - (performance.now() - startedMs)));
    }
  }

  async #runPod(key: string): Promise<void> {
    const pod = this.#pods.get(key);
    if (pod?.status?.phase !== "Pending" || this.#isOverwritten(pod)) return;
    const guest = this.#guests.get(key);
    if (guest === undefined) return;
    const status = { ...pod.status, phase: "Running" as const };
    const store = this.#api.as(who.kubeletOf(guest.spec.host));
    await store.updateStatus(resources.pods, { ...pod, status }, kubelet);
    this.#overwrite(pod);
  }

  /** The watch has not shown yet what was written over this version: it will wake whoever waits. */
  #isOverwritten({ metadata }: ResourceObject): boolean {
    return this.#overwritten.get(metadata.uid) === metadata.resourceVersion;
  }

  #overwrite({ metadata }: ResourceObject): void {
    this.#overwritten.set(metadata.uid, metadata.resourceVersion);
  }

  async #serve(key: string): Promise<void> {
    const guest = this.#guests.get(key);
    if (guest === undefined || this.#isOverwritten(guest)) return;
    const node = this.#nodes.get(guest.spec.host);
    const hasPod = this.#pods.get(key)?.status?.phase === "Running";
    const write = node?.reconcile(guest, hasPod, timestampOf(clock.nowMs()));
    if (write === undefined) return;
    const store = this.#api.as(who.agentOf(guest.spec.host));
    if (write.kind === "finalizers") {
      const change = { metadata: { finalizers: write.finalizers } };
      await store.patch(resources.guests, refOf(key), change, agent);
      this.#overwrite(guest);
      return;
    }
    await store.updateStatus(resources.guests, { ...guest, status: write.status }, agent);
    this.#overwrite(guest);
    if (guest.status?.claim === undefined) this.acceptedMs.push(performance.now());
  }
}

/** Groups of at most so many. */
export function* batches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let index = 0; index < items.length; index += size) yield items.slice(index, index + size);
}
