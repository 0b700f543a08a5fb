// SPDX-License-Identifier: Apache-2.0
import { NotFound } from "../../ports/errors.ts";
import type { DeviceResource } from "../../ports/plugin-sockets.ts";
import { type KubeStore, type Pod, resources } from "../../ports/kube.ts";
import type { JournalledVolumes } from "./journalled-volumes.ts";

/** How the one process of a pod behaves. */
export interface Behaviour {
  /** After SIGTERM it ends by itself, well, in this time; undefined: it hears nothing. */
  readonly endsWithinMs: number | undefined;
}

/** A node with its kubelet, a kube-scheduler and a controller manager, and the hands on them. */
export interface PodHost {
  readonly store: KubeStore;
  /** Name of the node that pods are put on. */
  readonly node: string;
  readonly volumes: JournalledVolumes;
  createNamespace(name: string): Promise<void>;
  /** Lets time go by. */
  elapse(seconds: number): Promise<void>;
  /** Image and command of a container that behaves so; `id` is found again in its process. */
  container(id: string, behaviour: Behaviour): Readonly<Record<string, unknown>>;
  /** Whether the process is there, and hears what is asked of it. */
  isRunning(id: string): Promise<boolean>;
  /** Makes the process end by itself, well or badly. */
  end(id: string, how: "well" | "badly"): Promise<void>;
  /** Makes it write more than it may. */
  fill(id: string): Promise<void>;
  /** SIGKILL to the kubelet; the containers run on. */
  stopKubelet(): Promise<void>;
  startKubelet(): Promise<void>;
  cutPower(): Promise<void>;
  powerOn(): Promise<void>;
  /** A device plugin that is known to the kubelet; the returned function ends it. */
  serveDevices(resource: DeviceResource): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export const volumeDriver = "pods.test";
export const writer = { fieldManager: "conformance" };
const namespace = "pods-conformance";
const stepSeconds = 0.25;

export interface PodOptions {
  readonly host?: string;
  readonly memory?: string;
  readonly graceSeconds?: number;
  readonly endsWithinMs?: number | undefined;
  readonly finalizers?: readonly string[];
  /** Extended resources by name. */
  readonly devices?: Readonly<Record<string, string>>;
  /** Puts it on its host past the kube-scheduler. */
  readonly isBound?: boolean;
  /** How much its processes may write. */
  readonly storageLimit?: string;
}

/** One host for all tests of a suite; every test has pods of its own. */
export class PodWorld {
  host!: PodHost;
  #pods = 0;

  async prepare(makeHost: () => Promise<PodHost>): Promise<void> {
    this.host = await makeHost();
    await this.host.createNamespace(namespace);
  }

  /** A pod as the product's are: on one node by affinity, with one inline volume. */
  async create(options: PodOptions = {}): Promise<Pod> {
    this.#pods += 1;
    const name = `pod-${this.#pods}`;
    const { finalizers = [] } = options;
    const metadata = { name, namespace, ...(finalizers.length > 0 && { finalizers }) };
    const spec = this.#spec(name, options);
    const object = { apiVersion: "v1", kind: "Pod", metadata, spec };
    return this.host.store.create(resources.pods, object, writer);
  }

  /** A pod whose process runs, as its status says. */
  async run(options: PodOptions = {}): Promise<Pod> {
    const pod = await this.create(options);
    const running = await this.untilPhase(pod, "Running");
    await this.until("its process is ready", () => this.isRunning(pod));
    return running;
  }

  /** Undefined when it is gone, or when another has its name. */
  async find({ metadata }: Pod): Promise<Pod | undefined> {
    try {
      const found = await this.host.store.get(resources.pods, metadata);
      return found.metadata.uid === metadata.uid ? found : undefined;
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  isRunning({ metadata }: Pod): Promise<boolean> {
    return this.host.isRunning(metadata.name);
  }

  delete({ metadata }: Pod, gracePeriodSeconds?: number): Promise<void> {
    const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    return this.host.store.delete(resources.pods, metadata, options);
  }

  /** Takes its finalizers away. */
  async release({ metadata }: Pod): Promise<void> {
    await this.host.store.patch(
      resources.pods,
      metadata,
      { metadata: { finalizers: null } },
      writer,
    );
  }

  async until(what: string, holds: () => Promise<boolean>, secondsMax = 60): Promise<void> {
    for (let leftSeconds = secondsMax; leftSeconds > 0; leftSeconds -= stepSeconds) {
      if (await holds()) return;
      await this.host.elapse(stepSeconds);
    }
    throw new Error(`${what}: not within ${secondsMax} s`);
  }

  async untilPod(pod: Pod, what: string, holds: (pod: Pod) => boolean): Promise<Pod> {
    let found: Pod | undefined;
    const look = async (): Promise<boolean> => {
      found = await this.find(pod);
      return found !== undefined && holds(found);
    };
    await this.until(what, look).catch((cause: unknown) => {
      const { metadata, status } = found ?? {};
      const last = JSON.stringify({ deletion: metadata?.deletionTimestamp, status });
      throw new Error(`${String(cause)}; last: ${last}`, { cause });
    });
    return found as Pod;
  }

  untilPhase(pod: Pod, phase: NonNullable<Pod["status"]>["phase"]): Promise<Pod> {
    return this.untilPod(pod, `${pod.metadata.name} is ${phase}`, (found) => {
      return found.status?.phase === phase;
    });
  }

  untilGone(pod: Pod, secondsMax?: number): Promise<void> {
    const isGone = async (): Promise<boolean> => (await this.find(pod)) === undefined;
    return this.until(`${pod.metadata.name} is gone`, isGone, secondsMax);
  }

  untilEnded(pod: Pod, secondsMax?: number): Promise<void> {
    const hasEnded = async (): Promise<boolean> => !(await this.isRunning(pod));
    return this.until(`the process of ${pod.metadata.name} ends`, hasEnded, secondsMax);
  }

  #spec(name: string, options: PodOptions) {
    const { host = this.host.node, memory = "32Mi", graceSeconds = 30, devices = {} } = options;
    const { storageLimit } = options;
    const storage = storageLimit === undefined ? {} : { "ephemeral-storage": storageLimit };
    const behaviour = { endsWithinMs: options.endsWithinMs };
    const isHost = { key: "metadata.name", operator: "In", values: [host] };
    const nodeSelectorTerms = [{ matchFields: [isHost] }];
    return {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: graceSeconds,
      automountServiceAccountToken: false,
      ...(options.isBound === true && { nodeName: host }),
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
      },
      tolerations: [{ operator: "Exists" }],
      securityContext: { runAsUser: 1000, runAsGroup: 1000 },
      containers: [
        {
          name: "guest",
          ...this.host.container(name, behaviour),
          resources: {
            requests: { cpu: "10m", memory, ...devices },
            limits: { ...devices, ...storage },
          },
          volumeMounts: [{ name: "guest", mountPath: "/data" }],
        },
      ],
      volumes: [
        { name: "guest", csi: { driver: volumeDriver, volumeAttributes: { guest: name } } },
      ],
    };
  }
}
