// SPDX-License-Identifier: Apache-2.0
import { type Pod, resources } from "../../ports/kube.ts";
import type { DeviceResource } from "../../ports/plugin-sockets.ts";
import { who } from "../access/identities.ts";
import { Api } from "../sim/world/api.ts";
import { ControllerManager } from "../sim/world/controller-manager.ts";
import { Link } from "../sim/world/link.ts";
import { Machine, type PodContainer } from "../sim/world/machine.ts";
import { Ambushes, type Physics, SimProcess } from "../sim/world/process.ts";
import { runScheduler } from "../sim/world/scheduler.ts";
import { Streams } from "../sim/world/streams.ts";
import { Timeline } from "../sim/world/timeline.ts";
import { Trace } from "../sim/world/trace.ts";
import { JournalledVolumes } from "./journalled-volumes.ts";
import { type Behaviour, type PodHost, volumeDriver, writer } from "./pod-world.ts";

/** The kubelet, the kube-scheduler and the controller manager of the simulator, without the product. */
export async function makeFakePodHost(): Promise<PodHost> {
  const timeline = new Timeline();
  const trace = new Trace(() => timeline.nowMs, 0);
  const physics: Physics = {
    ...{ timeline, trace, streams: new Streams(1), ambushes: new Ambushes() },
    onLog: (process, level, fields, message) => {
      if (level === "error") throw new Error(`${process.name}: ${message}`, { cause: fields.err });
    },
  };
  const api = new Api(physics);
  const machine = new ScriptedMachine("node-1", physics, api);
  const scheduler = new SimProcess("kube-scheduler", physics);
  const plugin = new SimProcess("plugin", physics);
  const volumes = new JournalledVolumes({ make: async () => {}, remove: async () => {} });
  new ControllerManager(api, timeline).start();
  void runScheduler(scheduler, api.connect(scheduler, new Link(), who.scheduler));
  machine.start();
  const sockets = machine.plugins.of(plugin);
  await sockets.serveVolumes(volumes.asDriver(machine.name, volumeDriver));
  const elapse = (seconds: number): Promise<void> =>
    timeline.run(timeline.nowMs + seconds * 1000, () => false);
  return {
    store: api.kube,
    node: machine.name,
    volumes,
    elapse,
    createNamespace: async (name) => {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      await api.kube.create(resources.namespaces, namespace, writer);
      await elapse(1);
    },
    container: (_, behaviour) => ({ image: "scripted", args: [JSON.stringify(behaviour)] }),
    isRunning: async (id) => machine.process(id) !== undefined,
    end: async (id, how) => machine.process(id)?.end(how === "well" ? 0 : 1),
    fill: async (id) => machine.evict(machine.process(id)?.podUid ?? ""),
    stopKubelet: async () => machine.kubelet.halt(),
    startKubelet: async () => machine.kubelet.start(),
    cutPower: async () => machine.cutPower(),
    powerOn: async () => machine.powerOn(),
    serveDevices: async (resource: DeviceResource) => {
      const server = await sockets.serveDevices(resource);
      await sockets.registerDevices(resource);
      return () => server.close();
    },
    close: async () => {
      machine.kubelet.halt();
      scheduler.kill();
    },
  };
}

/** A machine whose containers have one process each, which behaves as its arguments say. */
class ScriptedMachine extends Machine<ScriptedContainer> {
  startContainer(pod: Pod): void {
    const { uid = "" } = pod.metadata;
    const onExit = (): void => this.kubeletLooks(uid);
    this.containers.set(uid, new ScriptedContainer(this.physics.timeline, pod, onExit));
  }

  process(id: string): ScriptedContainer | undefined {
    const all = [...this.containers.values()];
    return all.find(({ name, exitCode }) => name === id && exitCode === undefined);
  }
}

class ScriptedContainer implements PodContainer {
  readonly name: string;
  readonly podUid: string;
  readonly #behaviour: Behaviour;
  readonly #timeline: Timeline;
  readonly #onExit: () => void;
  exitCode: number | undefined;

  get isReady(): boolean {
    return this.exitCode === undefined;
  }

  constructor(timeline: Timeline, { metadata, spec }: Pod, onExit: () => void) {
    const [container] = spec["containers"] as readonly { readonly args: readonly string[] }[];
    this.name = metadata.name;
    this.podUid = metadata.uid ?? "";
    this.#behaviour = JSON.parse(container?.args[0] ?? "{}") as Behaviour;
    this.#timeline = timeline;
    this.#onExit = onExit;
  }

  terminate(): void {
    const { endsWithinMs } = this.#behaviour;
    if (endsWithinMs !== undefined) this.#timeline.after(endsWithinMs, () => this.end(0));
  }

  kill(): void {
    this.end(137);
  }

  end(code: number): void {
    if (this.exitCode !== undefined) return;
    this.exitCode = code;
    this.#onExit();
  }
}
