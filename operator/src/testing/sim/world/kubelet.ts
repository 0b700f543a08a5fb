// SPDX-License-Identifier: Apache-2.0
import { isEqual } from "../../../api/equal.ts";
import { Controller, type ReconcileResult } from "../../../platform/controller.ts";
import { Informer } from "../../../platform/informer.ts";
import { Metrics } from "../../../platform/metrics.ts";
import { Conflict, NotFound, PortError, Refused } from "../../../ports/errors.ts";
import { type KubeStore, type Pod, resources } from "../../../ports/kube.ts";
import { Admission } from "./admission.ts";
import type { Machine, PodContainer } from "./machine.ts";
import { kubeletPods } from "./node-disk.ts";
import { NodeObject } from "./node-object.ts";
import type { SimProcess } from "./process.ts";

const writer = { fieldManager: "kubelet" };
const done: ReconcileResult = { kind: "done" };
const publishRetrySeconds = [0.5, 1, 2, 4, 8, 16, 32, 64, 122] as const;
const unpublishRetrySeconds = 2;
const evictedMessage = "The node was low on resource: memory.";

/** Runs a machine's kubelet until its process ends. */
export async function runKubelet(
  machine: Machine,
  process: SimProcess,
  kube: KubeStore,
): Promise<void> {
  await new Kubelet(machine, process, kube).run();
}

/** What the kubelet sees of a pod beside its phase. */
interface Sight {
  readonly isReady?: boolean;
  readonly hasNetwork?: boolean;
}

const networkCondition = "PodReadyToStartContainers";

type PodStatus = NonNullable<Pod["status"]>;

interface Volume {
  readonly name: string;
  readonly csi?: { readonly volumeAttributes?: Readonly<Record<string, string>> };
}

/** What a kubelet does with the pods that are bound to its node, as far as others see it. */
class Kubelet {
  readonly #machine: Machine;
  readonly #process: SimProcess;
  readonly #kube: KubeStore;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  readonly #admission: Admission;
  /** The pods that it heard of, by uid: also those that the API server has forgotten. */
  readonly #heardOf = new Map<string, Pod>();
  /** When it kills pods that it asked to end. */
  readonly #deadlines = new Map<string, number>();
  /** Pods whose volume this life of the kubelet published. */
  readonly #published = new Set<string>();
  readonly #publishFailures = new Map<string, number>();
  readonly #evicted = new Set<string>();

  constructor(machine: Machine, process: SimProcess, kube: KubeStore) {
    this.#machine = machine;
    this.#process = process;
    this.#kube = kube;
    const { clock, random, log } = process;
    const common = { clock, random, log, metrics: new Metrics() };
    const selector = { fieldSelector: `spec.nodeName=${machine.name}` };
    this.#pods = new Informer({ ...common, kube, type: resources.pods, selector });
    this.#admission = new Admission(machine, () => this.#pods.list());
    this.#controller = new Controller({
      ...common,
      name: "kubelet",
      workers: 8,
      reconcile: (uid) => this.#reconcile(uid),
    });
    this.#pods.onChange(({ old, current }) => {
      for (const pod of [old, current]) {
        if (pod === undefined) continue;
        this.#heardOf.set(pod.metadata.uid ?? "", pod);
        this.#look(pod.metadata.uid ?? "");
      }
    });
  }

  async run(): Promise<void> {
    const { machine, signal } = { machine: this.#machine, signal: this.#process.signal };
    machine.plugins.startKubelet();
    machine.kubeletLooks = (uid) => this.#process.reach(() => this.#look(uid));
    machine.evict = (uid) => {
      this.#evicted.add(uid);
      machine.containers.get(uid)?.kill();
    };
    for (const uid of machine.containers.keys()) this.#admission.admitted.add(uid);
    const node = new NodeObject(machine, this.#process, this.#kube);
    await node.register();
    const informing = this.#pods.run(signal);
    await this.#pods.synced(signal);
    for (const uid of machine.containers.keys()) this.#look(uid);
    for (const uid of machine.disk.volumes.keys()) this.#look(uid);
    await Promise.all([informing, node.keep(), this.#controller.run(signal)]);
  }

  #look(uid: string): void {
    this.#controller.enqueue(uid);
  }

  async #reconcile(uid: string): Promise<ReconcileResult> {
    const pod = this.#pods.list().find(({ metadata }) => metadata.uid === uid);
    if (pod === undefined) return this.#end(uid, undefined);
    if (pod.metadata.deletionTimestamp !== undefined) return this.#end(uid, pod);
    const { phase } = pod.status ?? {};
    if (phase === "Failed" || phase === "Succeeded") return this.#end(uid, pod);
    const container = this.#machine.containers.get(uid);
    if (container?.exitCode !== undefined) return this.#tell(pod, this.#endOf(uid, container));
    if (container === undefined) return this.#begin(uid, pod);
    this.#machine.follow(pod);
    const told = await this.#tell(pod, { phase: "Running" }, container);
    if (this.#published.has(uid)) return told;
    // A kubelet that starts publishes again what is there already.
    return (await this.#publish(uid, pod)) ? told : this.#retry(uid);
  }

  async #begin(uid: string, pod: Pod): Promise<ReconcileResult> {
    const refusal = this.#admission.admit(pod);
    // The node was booted since it ran.
    const end = pod.status?.phase === "Running" ? ran("Failed", "Unknown") : undefined;
    if (refusal !== undefined) return this.#tell(pod, { ...end, phase: "Failed", reason: refusal });
    if (end !== undefined) return this.#tell(pod, end);
    const isPublished = await this.#publish(uid, pod);
    if (!isPublished) return this.#retry(uid);
    await this.#process.clock.sleep(Math.round(this.#process.random.between(200, 3000)));
    const { containerTrouble } = this.#machine;
    if (containerTrouble !== undefined) return this.#wait(pod, containerTrouble);
    // Somebody may have asked it to end meanwhile.
    const now = this.#pods.list().find(({ metadata }) => metadata.uid === uid);
    if (now === undefined || now.metadata.deletionTimestamp !== undefined) return again(0);
    if (this.#machine.networkTrouble(now) !== undefined) return this.#waitForNetwork(now);
    this.#machine.startContainer(now);
    return again(0);
  }

  async #publish(uid: string, { metadata, spec }: Pod): Promise<boolean> {
    const driver = this.#machine.plugins.volumes();
    if (driver === undefined) return false;
    const { disk } = this.#machine;
    const { name, attributes } = volumeOf(spec);
    const targetPath = `${kubeletPods}/${uid}/volumes/kubernetes.io~csi/${name}/mount`;
    try {
      await disk.makePodDirectory(uid, name);
      disk.volumes.set(uid, targetPath);
      await driver.publish({
        targetPath,
        volumeContext: {
          ...attributes,
          "csi.storage.k8s.io/pod.uid": uid,
          "csi.storage.k8s.io/pod.name": metadata.name,
          "csi.storage.k8s.io/pod.namespace": metadata.namespace ?? "",
          "csi.storage.k8s.io/ephemeral": "true",
        },
      });
      this.#published.add(uid);
      this.#publishFailures.delete(uid);
      return true;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      // These say that nothing was done: there is nothing to undo.
      if (error instanceof NotFound || error instanceof Refused) disk.volumes.delete(uid);
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
    const container = this.#machine.containers.get(uid);
    if (container !== undefined && container.exitCode === undefined) {
      const leftSeconds = this.#graceLeft(uid, pod ?? this.#heardOf.get(uid));
      container.terminate();
      if (leftSeconds > 0) return again(Math.min(1, leftSeconds));
      container.kill();
    }
    if (pod !== undefined && container !== undefined && !hasEnded(pod)) {
      return this.#tell(pod, this.#endOf(uid, container));
    }
    if (!(await this.#unpublish(uid))) return again(unpublishRetrySeconds);
    this.#machine.containers.delete(uid);
    this.#admission.admitted.delete(uid);
    this.#deadlines.delete(uid);
    this.#published.delete(uid);
    this.#evicted.delete(uid);
    if (pod === undefined) this.#heardOf.delete(uid);
    if (pod?.metadata.deletionTimestamp !== undefined) await this.#letGo(pod);
    return done;
  }

  /**
   * In seconds. Who asks again with less grace is heard by the next kubelet only: this one waits until the
   * first request is over (https://github.com/kubernetes/kubernetes/issues/83916).
   */
  #graceLeft(uid: string, pod: Pod | undefined): number {
    const nowMs = this.#process.clock.monotonicMs();
    const deadlineMs = this.#deadlines.get(uid) ?? nowMs + graceSecondsOf(pod) * 1000;
    this.#deadlines.set(uid, deadlineMs);
    return (deadlineMs - nowMs) / 1000;
  }

  /** The last word of the kubelet: its object goes, unless a finalizer keeps it. */
  async #letGo({ metadata }: Pod): Promise<void> {
    if (metadata.deletionGracePeriodSeconds === 0) return;
    const { namespace = "", name, uid = "" } = metadata;
    try {
      const options = { uid, gracePeriodSeconds: 0 };
      await this.#kube.delete(resources.pods, { namespace, name }, options);
    } catch (error) {
      if (!(error instanceof NotFound) && !(error instanceof Conflict)) throw error;
    }
  }

  async #unpublish(uid: string): Promise<boolean> {
    const { volumes } = this.#machine.disk;
    const targetPath = volumes.get(uid);
    if (targetPath === undefined) return true;
    const driver = this.#machine.plugins.volumes();
    if (driver === undefined) return false;
    try {
      await driver.unpublish({ targetPath });
      volumes.delete(uid);
      return true;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return false;
    }
  }

  /** What it says of a pod whose container ended. */
  #endOf(uid: string, { exitCode }: PodContainer): PodStatus {
    const end = exitCode === 0 ? ran("Succeeded", "Completed") : ran("Failed", "Error");
    if (!this.#evicted.has(uid)) return end;
    return { ...ran("Failed", "Error"), reason: "Evicted", message: evictedMessage };
  }

  async #wait(pod: Pod, reason: string): Promise<ReconcileResult> {
    const state = { waiting: { reason } };
    const containerStatuses = [{ name: "guest", ready: false, state }];
    await this.#tell(pod, { phase: "Pending", containerStatuses });
    return again(10);
  }

  /** The pod's network cannot be made: Events say why, and of the status one condition. */
  async #waitForNetwork(pod: Pod): Promise<ReconcileResult> {
    await this.#tell(pod, { phase: "Pending" }, { hasNetwork: false });
    return again(10);
  }

  async #tell(
    pod: Pod,
    said: PodStatus,
    { isReady = false, hasNetwork = true }: Sight = {},
  ): Promise<ReconcileResult> {
    const own = [conditionOf(networkCondition, hasNetwork), conditionOf("Ready", isReady)];
    const others = (pod.status?.conditions ?? []).filter(
      (condition) => !own.some(({ type }) => type === condition.type),
    );
    const status = { ...said, conditions: [...others, ...own] };
    if (isEqual(pod.status, status)) return done;
    try {
      await this.#kube.updateStatus(resources.pods, { ...pod, status }, writer);
    } catch (error) {
      if (!(error instanceof NotFound) && !(error instanceof Conflict)) throw error;
      return again(0.1);
    }
    return done;
  }
}

function conditionOf(type: string, isTrue: boolean) {
  return { type, status: isTrue ? "True" : "False" };
}

/** The status of a pod whose container ran, and is gone. */
function ran(phase: "Succeeded" | "Failed", reason: string): PodStatus {
  const state = { terminated: { reason } };
  return { phase, containerStatuses: [{ name: "guest", ready: false, state }] };
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** The one inline volume that a server pod has. */
function volumeOf({ volumes }: Pod["spec"]) {
  const inline = (volumes as readonly Volume[]).find(({ csi }) => csi !== undefined);
  return { name: inline?.name ?? "", attributes: inline?.csi?.volumeAttributes ?? {} };
}

/** A pod that is gone from the API server is given what it asked for itself. */
function graceSecondsOf(pod: Pod | undefined): number {
  const own = Number(pod?.spec["terminationGracePeriodSeconds"] ?? 30);
  return pod?.metadata.deletionGracePeriodSeconds ?? own;
}

function again(afterSeconds: number): ReconcileResult {
  return { kind: "again", afterSeconds };
}
