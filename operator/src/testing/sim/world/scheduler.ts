// SPDX-License-Identifier: Apache-2.0
import { memoryRequestBytes, type PodMemory } from "../../../core/hypervisor/pod-requests.ts";
import { parseQuantity } from "../../../core/lib/quantity.ts";
import { Controller, type ReconcileResult } from "../../../platform/controller.ts";
import { Informer } from "../../../platform/informer.ts";
import { Metrics } from "../../../platform/metrics.ts";
import { Conflict, NotFound } from "../../../ports/errors.ts";
import { type KubeStore, type Node, type Pod, resources } from "../../../ports/kube.ts";
import { deviceRequests } from "./pod-devices.ts";
import type { SimProcess } from "./process.ts";

const writer = { fieldManager: "kube-scheduler" };
const done: ReconcileResult = { kind: "done" };
const retrySeconds = 10;

interface Affinity {
  readonly nodeAffinity: {
    readonly requiredDuringSchedulingIgnoredDuringExecution: {
      readonly nodeSelectorTerms: readonly {
        readonly matchFields: readonly { readonly values: readonly string[] }[];
      }[];
    };
  };
}

/** Runs the kube-scheduler until its process ends: it binds a server pod to the node that it names. */
export async function runScheduler(process: SimProcess, kube: KubeStore): Promise<void> {
  const { clock, random, log, signal } = process;
  const common = { kube, clock, random, log, metrics: new Metrics() };
  const pods = new Informer({ ...common, type: resources.pods });
  const nodes = new Informer({ ...common, type: resources.nodes });
  const controller = new Controller({
    ...common,
    name: "scheduler",
    workers: 1,
    reconcile: (key) => schedule(key, { kube, pods, nodes }),
  });
  pods.onChange(({ key, current }) => {
    if (current?.spec.nodeName === undefined) controller.enqueue(key);
  });
  const informing = Promise.all([pods.run(signal), nodes.run(signal)]);
  await Promise.all([pods.synced(signal), nodes.synced(signal)]);
  await Promise.all([informing, controller.run(signal)]);
}

interface Sight {
  readonly kube: KubeStore;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
}

async function schedule(key: string, { kube, pods, nodes }: Sight): Promise<ReconcileResult> {
  const pod = pods.get(key);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return done;
  if (pod.spec.nodeName !== undefined || pod.status?.phase !== "Pending") return done;
  const host = hostOf(pod);
  const there = pods.list().filter(({ spec }) => spec.nodeName === host);
  const message = obstacle(pod, { host, nodes: nodes.list(), there });
  try {
    await (message === undefined ? bind(kube, pod, host) : explain(kube, pod, message));
  } catch (error) {
    if (!(error instanceof Conflict) && !(error instanceof NotFound)) throw error;
  }
  return { kind: "again", afterSeconds: retrySeconds };
}

async function bind(kube: KubeStore, { metadata }: Pod, host: string): Promise<void> {
  const { resourceVersion } = metadata;
  const change = { metadata: { resourceVersion }, spec: { nodeName: host } };
  await kube.patch(resources.pods, metadata, change, writer);
}

async function explain(kube: KubeStore, pod: Pod, message: string): Promise<void> {
  const [said] = pod.status?.conditions ?? [];
  if (said?.message === message) return;
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
  const next = { ...pod, status: { ...pod.status, conditions } };
  await kube.updateStatus(resources.pods, next, writer);
}

function hostOf({ spec }: Pod): string {
  const { nodeAffinity } = spec["affinity"] as Affinity;
  const [term] = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
  return term?.matchFields[0]?.values[0] ?? "";
}

interface Choice {
  readonly host: string;
  readonly nodes: readonly Node[];
  /** The pods that are bound to the host. */
  readonly there: readonly Pod[];
}

/** Why there is no place for it, in the kube-scheduler's words. */
function obstacle(pod: Pod, { host, nodes, there }: Choice): string | undefined {
  const node = nodes.find(({ metadata }) => metadata.name === host);
  const lacking = node === undefined ? [] : lackingOn(node, [...there, pod]);
  if (node !== undefined && lacking.length === 0) return undefined;
  const others = nodes.length - (node === undefined ? 0 : 1);
  const elsewhere = `${others} node(s) didn't satisfy plugin(s) [NodeAffinity]`;
  const reasons = [...lacking.map((name) => `1 Insufficient ${name}`), elsewhere];
  return `0/${nodes.length} nodes are available: ${reasons.join(", ")}.`;
}

/** What these pods together ask more of than the node has. */
function lackingOn({ status }: Node, pods: readonly Pod[]): string[] {
  const wanted = new Map<string, number>();
  for (const pod of pods.filter((each) => !hasEnded(each))) {
    const requests = { memory: memoryRequestBytes(pod as PodMemory), ...deviceRequests(pod) };
    for (const [name, count] of Object.entries(requests)) {
      wanted.set(name, (wanted.get(name) ?? 0) + count);
    }
  }
  const has = (name: string): number => parseQuantity(status?.allocatable?.[name] ?? "0") ?? 0;
  return [...wanted].filter(([name, count]) => count > has(name)).map(([name]) => name);
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}
