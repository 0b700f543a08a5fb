// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import { isEqual } from "../../../api/equal.ts";
import { memoryRequestBytes, type PodMemory } from "../../../core/hypervisor/pod-requests.ts";
import { Controller, type ReconcileResult } from "../../../platform/controller.ts";
import { Informer, keyOf } from "../../../platform/informer.ts";
import { Metrics } from "../../../platform/metrics.ts";
import { Conflict, NotFound, PortError } from "../../../ports/errors.ts";
import { type KubeStore, type Node, type Pod, resources } from "../../../ports/kube.ts";
import type { SimNode } from "./node.ts";
import { kubeletPods } from "./node-disk.ts";
import type { SimProcess } from "./process.ts";

const writer = { fieldManager: "kubelet" };
const done: ReconcileResult = { kind: "done" };
const unsaid = { phase: undefined, reason: undefined, containerStatuses: undefined };
const publishRetrySeconds = [0.5, 1, 2, 4, 8, 16, 32, 64, 122] as const;

interface Container {
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

/** Runs a node's kubelet until its process ends. */
export async function runKubelet(
  node: SimNode,
  process: SimProcess,
  kube: KubeStore,
): Promise<void> {
  await new Kubelet(node, process, kube).run();
}

/** What a kubelet does with the pods that are bound to its node, as far as others see it. */
class Kubelet {
  readonly #node: SimNode;
  readonly #process: SimProcess;
  readonly #kube: KubeStore;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  /** Pods that this kubelet asked to end, with the time at which it kills them. */
  readonly #deadlines = new Map<string, number>();
  readonly #publishFailures = new Map<string, number>();
  /** Pods that it admitted, or found running when it started. */
  readonly #admitted = new Set<string>();

  constructor(node: SimNode, process: SimProcess, kube: KubeStore) {
    this.#node = node;
    this.#process = process;
    this.#kube = kube;
    const { clock, random, log } = process;
    const common = { clock, random, log, metrics: new Metrics() };
    const selector = { fieldSelector: `spec.nodeName=${node.name}` };
    this.#pods = new Informer({ ...common, kube, type: resources.pods, selector });
    this.#controller = new Controller({
      ...common,
      name: "kubelet",
      workers: 8,
      reconcile: (uid) => this.#reconcile(uid),
    });
    this.#pods.onChange(({ old, current }) => {
      for (const pod of [old, current]) if (pod !== undefined) this.#look(pod.metadata.uid ?? "");
    });
  }

  async run(): Promise<void> {
    const { node, signal } = { node: this.#node, signal: this.#process.signal };
    node.plugins.startKubelet();
    node.kubeletLooks = (uid) => this.#process.reach(() => this.#look(uid));
    for (const uid of node.containers.keys()) this.#admitted.add(uid);
    await this.#register();
    const informing = this.#pods.run(signal);
    await this.#pods.synced(signal);
    for (const uid of node.containers.keys()) this.#look(uid);
    await Promise.all([informing, this.#controller.run(signal)]);
  }

  #look(uid: string): void {
    this.#controller.enqueue(uid);
  }

  /** Makes the Node object if there is none, and says what the node has. */
  async #register(): Promise<void> {
    for (;;) {
      try {
        return await this.#sayWhatThereIs(await this.#nodeObject());
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        await this.#process.clock.sleep(1000);
      }
    }
  }

  async #nodeObject(): Promise<Node> {
    const { name } = this.#node;
    try {
      return await this.#kube.get(resources.nodes, { name });
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
    const metadata = { name, labels: { [label.hypervisor]: "true" } };
    const object = { apiVersion: "v1", kind: "Node", metadata };
    return this.#kube.create(resources.nodes, object, writer);
  }

  async #sayWhatThereIs(node: Node): Promise<void> {
    const allocatable = { memory: `${this.#node.memoryMib}Mi`, pods: "110" };
    await this.#kube.updateStatus(resources.nodes, { ...node, status: { allocatable } }, writer);
  }

  async #reconcile(uid: string): Promise<ReconcileResult> {
    const pod = this.#pods.list().find(({ metadata }) => metadata.uid === uid);
    if (pod === undefined) return this.#end(uid, undefined);
    if (pod.metadata.deletionTimestamp !== undefined) return this.#end(uid, pod);
    const { phase } = pod.status ?? {};
    if (phase === "Failed" || phase === "Succeeded") return this.#end(uid, pod);
    const container = this.#node.containers.get(uid);
    if (container?.hasExited === true) return this.#failRan(pod, "Error");
    if (container !== undefined) return this.#tellRunning(pod);
    return this.#begin(uid, pod);
  }

  async #begin(uid: string, pod: Pod): Promise<ReconcileResult> {
    if (pod.status?.phase === "Running") return this.#failRan(pod, "ContainerStatusUnknown");
    if (!this.#admitted.has(uid)) {
      const refusal = this.#refusal(pod);
      if (refusal !== undefined) return this.#fail(pod, refusal);
      this.#admitted.add(uid);
    }
    const isPublished = await this.#publish(uid, pod);
    if (!isPublished) return this.#retry(uid);
    this.#publishFailures.delete(uid);
    await this.#process.clock.sleep(Math.round(this.#process.random.between(200, 3000)));
    const { containerTrouble } = this.#node;
    if (containerTrouble !== undefined) return this.#wait(pod, containerTrouble);
    // Somebody may have asked it to end meanwhile.
    const now = this.#pods.list().find(({ metadata }) => metadata.uid === uid);
    if (now === undefined || now.metadata.deletionTimestamp !== undefined) return again(0);
    const { runAsUser } = now.spec["securityContext"] as { readonly runAsUser: number };
    this.#node.startContainer(uid, keyOf(now), runAsUser);
    return again(0);
  }

  #refusal({ spec, metadata }: Pod): string | undefined {
    const [container] = spec["containers"] as readonly Container[];
    const wanted = Object.keys(container?.resources?.requests ?? {});
    const devices = wanted.filter((name) => name.startsWith("kilonova.io/"));
    if (!devices.every((name) => this.#node.plugins.hasDevice(name))) {
      return "UnexpectedAdmissionError";
    }
    const others = this.#pods.list().filter((pod) => pod.metadata.uid !== metadata.uid);
    const requests = [...others.filter(({ metadata: { uid } }) => this.#admitted.has(uid ?? ""))];
    const bytes = [...requests, { spec }].reduce(
      (sum, each) => sum + memoryRequestBytes(each as PodMemory),
      0,
    );
    return bytes > this.#node.memoryMib * 2 ** 20 ? "OutOfmemory" : undefined;
  }

  async #publish(uid: string, { metadata }: Pod): Promise<boolean> {
    const driver = this.#node.plugins.volumes();
    if (driver === undefined) return false;
    try {
      await this.#node.disk.makePodDirectory(uid);
      await driver.publish({
        targetPath: targetOf(uid),
        volumeContext: {
          guest: metadata.name,
          "csi.storage.k8s.io/pod.uid": uid,
          "csi.storage.k8s.io/pod.name": metadata.name,
          "csi.storage.k8s.io/pod.namespace": metadata.namespace ?? "",
          "csi.storage.k8s.io/ephemeral": "true",
        },
      });
      return true;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return false;
    }
  }

  #retry(uid: string): ReconcileResult {
    const failures = this.#publishFailures.get(uid) ?? 0;
    this.#publishFailures.set(uid, failures + 1);
    return again(publishRetrySeconds[failures] ?? 122);
  }

  /** Takes a pod down: its processes, its volume, and at last its object. */
  async #end(uid: string, pod: Pod | undefined): Promise<ReconcileResult> {
    const container = this.#node.containers.get(uid);
    if (container !== undefined && !container.hasExited) {
      const nowMs = this.#process.clock.monotonicMs();
      const deadlineMs = this.#deadlines.get(uid) ?? nowMs + graceSecondsOf(pod) * 1000;
      this.#deadlines.set(uid, deadlineMs);
      container.terminate();
      if (nowMs < deadlineMs) return again(Math.min(1, (deadlineMs - nowMs) / 1000));
      container.kill();
    }
    if (!(await this.#unpublish(uid))) return again(2);
    this.#node.containers.delete(uid);
    this.#admitted.delete(uid);
    this.#deadlines.delete(uid);
    if (pod?.metadata.deletionTimestamp === undefined) return done;
    const { namespace = "", name } = pod.metadata;
    try {
      const options = { uid, gracePeriodSeconds: 0 };
      await this.#kube.delete(resources.pods, { namespace, name }, options);
    } catch (error) {
      if (!(error instanceof NotFound) && !(error instanceof Conflict)) throw error;
    }
    return done;
  }

  async #unpublish(uid: string): Promise<boolean> {
    if ((await this.#node.disk.mountsAt(`${kubeletPods}/${uid}/`)) === 0) return true;
    const driver = this.#node.plugins.volumes();
    if (driver === undefined) return false;
    try {
      await driver.unpublish({ targetPath: targetOf(uid) });
      return true;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return false;
    }
  }

  #tellRunning(pod: Pod): Promise<ReconcileResult> {
    return this.#tell(pod, { phase: "Running" });
  }

  /** Turns away a pod of which no container was ever made. */
  #fail(pod: Pod, reason: string): Promise<ReconcileResult> {
    return this.#tell(pod, { phase: "Failed", reason });
  }

  /** Its containers ran, and are gone. */
  #failRan(pod: Pod, reason: string): Promise<ReconcileResult> {
    const state = { terminated: { reason } };
    const containerStatuses = [{ name: "guest", ready: false, state }];
    return this.#tell(pod, { phase: "Failed", containerStatuses });
  }

  async #wait(pod: Pod, reason: string): Promise<ReconcileResult> {
    const state = { waiting: { reason } };
    const containerStatuses = [{ name: "guest", ready: false, state }];
    await this.#tell(pod, { phase: "Pending", containerStatuses });
    return again(10);
  }

  async #tell(pod: Pod, status: NonNullable<Pod["status"]>): Promise<ReconcileResult> {
    const { phase, reason, containerStatuses } = pod.status ?? {};
    if (isEqual({ phase, reason, containerStatuses }, { ...unsaid, ...status })) return done;
    try {
      const { conditions } = pod.status ?? {};
      const next = { ...status, ...(conditions !== undefined && { conditions }) };
      await this.#kube.updateStatus(resources.pods, { ...pod, status: next }, writer);
    } catch (error) {
      if (!(error instanceof NotFound) && !(error instanceof Conflict)) throw error;
      return again(0.1);
    }
    return done;
  }
}

function targetOf(uid: string): string {
  return `${kubeletPods}/${uid}/volumes/kubernetes.io~csi/guest/mount`;
}

/** A pod that is gone from the API server is given what it asked for itself. */
function graceSecondsOf(pod: Pod | undefined): number {
  return pod?.metadata.deletionGracePeriodSeconds ?? 30;
}

function again(afterSeconds: number): ReconcileResult {
  return { kind: "again", afterSeconds };
}
