// SPDX-License-Identifier: Apache-2.0
import { csiDriver } from "../api/names.ts";
import type { NodePaths } from "../core/guest/paths.ts";
import type { AgentConfig } from "../platform/config.ts";
import type { Health } from "../platform/health.ts";
import { Informer } from "../platform/informer.ts";
import type { Logger } from "../platform/logging.ts";
import type { Metrics } from "../platform/metrics.ts";
import { runTogether, type Task } from "../platform/task-group.ts";
import type { Clock } from "../ports/clock.ts";
import type { Devices } from "../ports/devices.ts";
import type { GuestDisks } from "../ports/guest-disks.ts";
import type { GuestFiles } from "../ports/guest-files.ts";
import type { Helper } from "../ports/helper.ts";
import type { ImageCache } from "../ports/image-cache.ts";
import { type KubeStore, resources } from "../ports/kube.ts";
import type { Libvirt } from "../ports/libvirt.ts";
import type { Mounts } from "../ports/mounts.ts";
import type { NodeFactsReader } from "../ports/node-facts.ts";
import type { NodeFiles } from "../ports/node-files.ts";
import type { PluginSockets } from "../ports/plugin-sockets.ts";
import type { PodNetworks } from "../ports/pod-networks.ts";
import type { PodRuntime } from "../ports/pod-runtime.ts";
import type { Processes } from "../ports/processes.ts";
import type { Random } from "../ports/random.ts";
import type { ReleasedTokens } from "../ports/released-tokens.ts";
import { DevicePlugin } from "./devices/device-plugin.ts";
import { kvmDevice, tunDevice } from "./devices/offered-devices.ts";
import { GuestManager } from "./guests/guest-manager.ts";
import { Heartbeat } from "./heartbeat/heartbeat.ts";
import { clusterNetworks } from "./images/cluster-networks.ts";
import { ImageStore } from "./images/image-store.ts";
import { GuestSoftwareReader } from "./inventory/guest-software.ts";
import { HostBoard } from "./inventory/host-board.ts";
import { readOrChooseUuid } from "./inventory/identity.ts";
import { type NodeInformers, Reporter } from "./inventory/reporter.ts";
import { VirtProbe } from "./inventory/virt-probe.ts";
import { GuestVolumes } from "./mounts/guest-volumes.ts";
import { PodRecords } from "./mounts/pod-records.ts";
import { prepareNode } from "./mounts/prepare-node.ts";
import { VolumePlugin } from "./mounts/volume-plugin.ts";

/** Everything that an agent reaches beyond itself. */
export interface AgentPorts {
  readonly kube: KubeStore;
  readonly libvirt: Libvirt;
  readonly helper: Helper;
  readonly sockets: PluginSockets;
  readonly mounts: Mounts;
  readonly devices: Devices;
  readonly facts: NodeFactsReader;
  readonly nodeFiles: NodeFiles;
  readonly guestFiles: GuestFiles;
  readonly disks: GuestDisks;
  readonly images: ImageCache;
  readonly released: ReleasedTokens;
  readonly runtime: PodRuntime;
  readonly networks: PodNetworks;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly random: Random;
}

export interface AgentOptions {
  readonly ports: AgentPorts;
  readonly config: AgentConfig;
  readonly paths: NodePaths;
  /** Version of the product. */
  readonly version: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
}

/** How long the parts may take to stop. */
const graceSeconds = 10;

/**
 * Runs the agent of one node until the signal aborts. No other agent may run on the node: the caller
 * sees to that. Throws PortError when the node cannot be used at all.
 */
export async function runAgent(
  options: AgentOptions,
  signal: AbortSignal,
): Promise<"stopped" | "failed"> {
  const { ports, config, paths, log, metrics, health } = options;
  const { kube, clock, random, sockets, devices } = ports;
  const { nodeName, heartbeatNamespace: namespace } = config;
  let volumes: VolumePlugin | undefined;
  health.addReadiness("volumes", () => (volumes?.isServing ? undefined : "not served yet"));
  await prepareNode(ports.mounts, paths);
  const records = new PodRecords(paths.pods, ports.nodeFiles, log);
  await records.load(ports.mounts);
  const { bootId } = await ports.facts.read(paths.guests);
  const uuid = await readOrChooseUuid(ports.nodeFiles, paths.hypervisorUuid, random);
  const board = new HostBoard(bootId);
  const guests = makeGuestManager(options, records, board);
  const informers = makeInformers(options);
  const reporter = makeReporter(options, { uuid, informers, board, guests });
  volumes = makeVolumePlugin(options, records);
  const offer = { sockets, devices, directory: paths.devices, clock, random, log, metrics };
  const forgotten = () => guests.forgotten();
  const heartbeat = new Heartbeat({ kube, namespace, nodeName, clock, log, forgotten });
  const tasks = [
    task("heartbeat", heartbeat),
    task("volumes", volumes),
    task("kvm", new DevicePlugin({ ...offer, device: kvmDevice })),
    task("tun", new DevicePlugin({ ...offer, device: tunDevice })),
    ...Object.entries(informers).map(([name, informer]) => task(name, informer)),
    task("reporter", reporter),
    task("guests", guests),
  ];
  return runTogether(tasks, { signal, graceSeconds, clock, log });
}

function task(name: string, part: Pick<Task, "run">): Task {
  return { name, run: (signal) => part.run(signal) };
}

function makeVolumePlugin(options: AgentOptions, records: PodRecords): VolumePlugin {
  const { ports, config, paths, version, log, metrics } = options;
  const { kube, mounts, released, sockets, clock, random } = ports;
  const { nodeName } = config;
  const node = new GuestVolumes({ kube, mounts, records, paths, nodeName, released, log });
  const driver = { name: csiDriver, version, nodeName, node };
  return new VolumePlugin({ sockets, driver, clock, random, log, metrics });
}

function makeGuestManager(
  { ports, config, log, metrics }: AgentOptions,
  mounts: PodRecords,
  host: HostBoard,
): GuestManager {
  const { kube, clock, random } = ports;
  const images = new ImageStore({
    cache: ports.images,
    networks: clusterNetworks({ kube, config }),
    digestsInUse: () => manager.digestsInUse(),
    clock,
    random,
    log,
  });
  const { nodeName } = config;
  const files = ports.guestFiles;
  const manager = new GuestManager({
    ...ports,
    ...{ files, images, mounts, host, nodeName, log, metrics },
  });
  return manager;
}

/** This node's own objects, and no others. */
function makeInformers({ ports, config, log, metrics }: AgentOptions): NodeInformers {
  const { kube, clock, random } = ports;
  const common = { kube, clock, random, log, metrics };
  const named = { fieldSelector: `metadata.name=${config.nodeName}` };
  const here = { fieldSelector: `spec.nodeName=${config.nodeName}` };
  return {
    hypervisors: new Informer({ ...common, type: resources.hypervisors, selector: named }),
    nodes: new Informer({ ...common, type: resources.nodes, selector: named }),
    pods: new Informer({ ...common, type: resources.pods, selector: here }),
  };
}

interface ReporterParts {
  readonly uuid: string;
  readonly informers: NodeInformers;
  readonly board: HostBoard;
  readonly guests: GuestManager;
}

function makeReporter(options: AgentOptions, parts: ReporterParts): Reporter {
  const { ports, config, paths, version, log, metrics } = options;
  const { kube, helper, libvirt, devices, nodeFiles: files, facts, clock, random } = ports;
  const { uuid, informers, board, guests } = parts;
  return new Reporter({
    ...{ kube, informers, facts, board, paths, uuid, version, clock, random, log, metrics },
    nodeName: config.nodeName,
    software: new GuestSoftwareReader(helper, libvirt),
    probe: new VirtProbe({ helper, devices, files, paths, clock, log }),
    orphans: () => guests.orphans,
  });
}
