// SPDX-License-Identifier: Apache-2.0
import { runAgent } from "../../../agent/agent.ts";
import { annotation } from "../../../api/names.ts";
import { type Link, podInterface } from "../../../core/guest/network/links.ts";
import { podDirectory } from "../../../core/guest/paths.ts";
import { guestImageRecordPath } from "../../../core/hypervisor/guest-image.ts";
import type { NodeFacts } from "../../../core/hypervisor/facts.ts";
import { agentConfigSchema, readConfig } from "../../../platform/config.ts";
import { Health } from "../../../platform/health.ts";
import { Metrics } from "../../../platform/metrics.ts";
import { keyOf } from "../../../platform/object-key.ts";
import { Unavailable } from "../../../ports/errors.ts";
import type { Pod } from "../../../ports/kube.ts";
import type { Libvirt, LibvirtConnection } from "../../../ports/libvirt.ts";
import type { PodIdentity, PodNetworks } from "../../../ports/pod-networks.ts";
import type { PodRuntime } from "../../../ports/pod-runtime.ts";
import { heartbeatNamespace, systemNamespace, who } from "../../access/identities.ts";
import { FakeDevices } from "../../fake-devices.ts";
import { FakeHelper } from "../../fake-helper.ts";
import { FakeLibvirt } from "../../fake-libvirt.ts";
import { errorOf } from "../../../adapters/libvirt/errors.ts";
import type { Api } from "./api.ts";
import { ofLaterRelease } from "./later-release.ts";
import { Machine } from "./machine.ts";
import { type Physics, type SimProcess, through } from "./process.ts";
import { ServerContainer } from "./server-container.ts";
import type { Chance } from "./streams.ts";
import { Supervisor } from "./supervisor.ts";
import type { Wires } from "./wires.ts";

const domainCapabilities = `<domainCapabilities>
  <os supported='yes'><enum name='firmware'><value>efi</value></enum></os>
  <devices><disk supported='yes'><enum name='bus'><value>virtio</value></enum></disk></devices>
</domainCapabilities>`;
/** libvirt's number of the error that a domain's start ends with. */
const internalError = 1;
/** What the calls of each port take, in ms. What is left out is done at once. */
const fast = [1, 4] as const;
const fsync = [2, 20] as const;

/** What the nodes of a cluster have in common. */
interface Cluster {
  readonly api: Api;
  readonly wires: Wires;
}

/** A node of the product: a machine with an agent, libvirt and server pods. */
export class SimNode extends Machine<ServerContainer> {
  readonly agent: Supervisor;
  /** Its agent is of a release that knows more than the one under test. */
  isLater = false;
  readonly cpus = 4;
  readonly #api: Api;
  readonly #wires: Wires;
  readonly #chance: Chance;
  readonly #devices: FakeDevices;
  readonly #helper: FakeHelper;
  #libvirt = new FakeLibvirt();
  /** Of the cluster's network on this node. */
  #mtu = 1450;
  #pods = 0;

  constructor(name: string, physics: Physics, { api, wires }: Cluster) {
    super(name, physics, api);
    this.#api = api;
    this.#wires = wires;
    this.#chance = physics.streams.of(`node/${name}`);
    this.#devices = new FakeDevices([
      ...(this.#chance.isLucky(0.5) ? ["/dev/kvm"] : []),
      "/dev/net/tun",
    ]);
    this.#helper = this.#makeHelper();
    this.#prepareDisk();
    this.agent = new Supervisor({
      name: `agent/${name}`,
      physics,
      restartMs: [1000, 15_000],
      wallOffsetMs: () => this.wallOffsetMs,
      isPossible: () => this.isPowered && this.kubelet.process !== undefined,
      run: (process, stop) => this.#runAgent(process, stop),
    });
  }

  get hasKvm(): boolean {
    return this.#devices.host.has("/dev/kvm");
  }

  /** The helper container of the agent's pod. */
  get helper(): FakeHelper {
    return this.#helper;
  }

  override start(): void {
    super.start();
    this.agent.start();
  }

  override cutPower(): void {
    if (!this.isPowered) return;
    this.agent.kill();
    super.cutPower();
  }

  override powerOn(): void {
    if (!this.isPowered) this.#libvirt = this.#makeLibvirt();
    super.powerOn();
  }

  override scrap(): void {
    super.scrap();
    this.agent.halt();
  }

  override reinstall(): void {
    super.reinstall();
    this.#prepareDisk();
  }

  startContainer(pod: Pod): void {
    const { uid: podUid = "" } = pod.metadata;
    const { runAsUser } = pod.spec["securityContext"] as { readonly runAsUser: number };
    const key = keyOf(pod);
    const directory = podDirectory(this.paths.pods, podUid);
    const { disk } = this;
    const incarnation = disk.mountedIn(directory);
    if (incarnation === undefined) throw new Error(`pod ${podUid} has no guest's directory`);
    const daemon = this.#libvirt.daemon(socketIn(directory));
    const container = new ServerContainer({
      physics: this.physics,
      podUid,
      key,
      uid: runAsUser,
      incarnation,
      daemon,
      disk: () => disk.files.disk(incarnation),
      chance: this.#chance,
      uplink: this.#uplink(),
      attached: this.#wires.attach(pod),
      probe: probeOf(pod),
      onReadiness: () => this.kubeletLooks(podUid),
      onExit: () => {
        this.#wires.release(podUid);
        this.kubeletLooks(podUid);
      },
    });
    daemon.onCall = ({ method }) => {
      if (method !== "createDomain") return;
      const found = disk.files.disk(incarnation);
      if (found !== undefined && disk.files.bases(incarnation).includes(found.base)) return;
      throw errorOf(internalError, "Cannot access storage file: No such file or directory");
    };
    this.containers.set(podUid, container);
    this.physics.trace.add(`pod/${key}`, `runs on ${this.name} (${podUid})`);
    for (const watcher of container.watchers) watcher();
  }

  override networkTrouble(pod: Pod): string | undefined {
    return this.#wires.trouble(pod);
  }

  override follow(pod: Pod): void {
    this.containers.get(pod.metadata.uid ?? "")?.network.follow(probeOf(pod));
  }

  /** The cluster's network gets another MTU here, also under the pods that run. */
  setMtu(mtu: number): void {
    this.#mtu = mtu;
    for (const { network } of this.containers.values()) network.namespace.setUplinkMtu(mtu);
  }

  /** Each pod has an address of its own, also after a boot of the node. */
  #uplink(): Link {
    this.#pods += 1;
    const [third, fourth] = [Math.floor(this.#pods / 250), 1 + (this.#pods % 250)];
    const address = `10.250.${third}.${fourth}`;
    return { name: podInterface, mtu: this.#mtu, mac: "", addresses: [`${address}/24`], alias: "" };
  }

  /** Every QEMU of the node. */
  guests() {
    return [...this.containers.values()].flatMap((container) =>
      container.guests().map((found) => ({ ...found, container })),
    );
  }

  facts(): NodeFacts {
    return {
      bootId: this.bootId,
      kernel: "6.18.0",
      cpu: {
        arch: "x86_64",
        model: "EPYC",
        vendor: "AuthenticAMD",
        cpus: this.cpus,
        flags: ["avx"],
        hasHyperthreading: false,
      },
      numaCells: [{ id: 0, cpus: "0-3", memoryMib: this.memoryMib }],
      memoryMib: this.memoryMib,
      diskGib: 100,
    };
  }

  async #runAgent(process: SimProcess, stop: AbortSignal): Promise<unknown> {
    const config = readConfig(agentConfigSchema, {
      KILONOVA_NAMESPACE: systemNamespace,
      KILONOVA_HEARTBEAT_NAMESPACE: heartbeatNamespace,
      KILONOVA_NODE_NAME: this.name,
    });
    const metrics = new Metrics();
    const { log } = process;
    const health = new Health(metrics);
    const ports = this.#agentPorts(process);
    const { paths } = this;
    return runAgent({ ports, config, paths, version: "0.1.0", log, metrics, health }, stop);
  }

  #agentPorts(process: SimProcess) {
    const { disk } = this;
    const { clock, random } = process;
    const kube = this.#api.connect(process, this.link, who.agentOf(this.name));
    return {
      kube: this.isLater ? ofLaterRelease(kube, "laterAgent") : kube,
      libvirt: this.#libvirtOf(process),
      helper: through(process, "helper", this.#helper, { run: [50, 3000] }),
      sockets: through(process, "sockets", this.plugins.of(process), { serveVolumes: fast }),
      mounts: through(process, "mounts", disk.mounts, {
        mountMemory: fast,
        bind: fast,
        bindTree: fast,
        unmount: fast,
        makeDirectory: fast,
        removeDirectory: fast,
      }),
      devices: through(process, "devices", this.#devices, { copy: fast }),
      facts: { read: async () => this.facts() },
      nodeFiles: through(process, "nodeFiles", disk.nodeFiles, { write: fsync, remove: fast }),
      guestFiles: through(process, "guestFiles", disk.guestFiles, {
        makeDirectory: fast,
        writeDomainXml: fast,
        writeRecord: fsync,
        remove: [10, 2000],
        setAside: fsync,
        destroyOrphan: fsync,
      }),
      disks: through(process, "disks", disk.disks, { inspect: fast, createRootDisk: [50, 800] }),
      images: through(process, "images", disk.images, { fetch: [200, 20_000], remove: fsync }),
      released: through(process, "released", disk.releasedTokens, { add: fsync }),
      runtime: this.#runtimeOf(process),
      networks: this.#networksOf(process),
      processes: { hasQemu: async (uid: number) => this.#hasQemu(uid) },
      clock,
      random,
    };
  }

  /** The kernel closes the connections of a process that dies. */
  #libvirtOf(process: SimProcess): Libvirt {
    return {
      connect: async (path, options) => {
        const connection = await process.call("libvirt.connect", process.random.whole(1, 30), () =>
          this.#libvirt.connect(path, options),
        );
        process.onKill(() => connection.close());
        const calls = through<LibvirtConnection>(process, "libvirt", connection, {
          getVersions: fast,
          getCapabilities: fast,
          getDomainCapabilities: fast,
          listDomains: fast,
          lookupDomain: fast,
          getDomainStatus: fast,
          getDomainXml: fast,
          createDomain: [100, 2000],
          shutdownDomain: fast,
          destroyDomain: [10, 500],
          suspendDomain: fast,
          resumeDomain: fast,
        });
        const subscribe: LibvirtConnection["subscribe"] = (listener) =>
          connection.subscribe((event) => process.reach(() => listener(event)));
        return new Proxy(calls, {
          get: (target, name) =>
            name === "subscribe" ? subscribe : (Reflect.get(target, name) as unknown),
        });
      },
    };
  }

  /** The network namespaces of its pods, each gone with the last process. */
  #networksOf(process: SimProcess): PodNetworks {
    const namespaceOf = (pod: PodIdentity) => {
      const found = this.#living(pod);
      if (found === undefined) throw new Unavailable(`pod ${pod.podUid} has no process`);
      return found.network.namespace;
    };
    const networks: PodNetworks = {
      readLinks: async (pod) => namespaceOf(pod).links,
      setUp: async (pod, setup) => namespaceOf(pod).setUp(setup),
      readTraffic: async () => new Map(),
    };
    return through(process, "networks", networks, { readLinks: fast, setUp: [20, 200] });
  }

  #living({ podUid }: { readonly podUid: string }): ServerContainer | undefined {
    const found = this.containers.get(podUid);
    return found?.hasExited === true ? undefined : found;
  }

  #runtimeOf(process: SimProcess): PodRuntime {
    const find = (pod: { readonly podUid: string }) => this.#living(pod);
    return {
      libvirtSocket: ({ directory }) => socketIn(directory),
      isTerminating: async (pod) => find(pod)?.isTerminating === true,
      announceShutdown: (pod) =>
        process.call("runtime.announceShutdown", 1, () => find(pod)?.announceShutdown()),
      metadata: async (pod) =>
        find(pod) === undefined ? { kind: "waiting", message: undefined } : { kind: "ready" },
      writeLeases: (pod, text) =>
        process.call("runtime.writeLeases", 1, () => {
          const found = find(pod);
          if (found !== undefined) found.network.leases = text;
        }),
      lastWord: async (pod, domain) => this.containers.get(pod.podUid)?.lastWords.get(domain),
      watch: (pod, handler) => {
        const watchers = find(pod)?.watchers;
        const reached = (): void => process.reach(handler);
        watchers?.add(reached);
        return () => watchers?.delete(reached);
      },
    };
  }

  #hasQemu(uid: number): boolean {
    return [...this.containers.values()].some(
      (container) => container.uid === uid && container.guests().length > 0,
    );
  }

  #prepareDisk(): void {
    this.disk.images.imageBytes = 2 ** 28;
    this.#libvirt = this.#makeLibvirt();
  }

  #makeLibvirt(): FakeLibvirt {
    const libvirt = new FakeLibvirt();
    libvirt.daemon(this.#helper.libvirtSocket).domainCapabilities = domainCapabilities;
    return libvirt;
  }

  #makeHelper(): FakeHelper {
    return new FakeHelper(async (argv) => {
      if (!this.isPowered) throw new Unavailable("no helper");
      const isRecord = argv[0] === "cat" && argv[1] === guestImageRecordPath;
      const stdout = isRecord ? '{"version":"0.1.0","content":"abc"}' : "";
      return { exitCode: 0, stdout, stderr: "" };
    });
  }
}

function probeOf({ metadata }: Pod): string | undefined {
  return metadata.annotations?.[annotation.readinessProbe];
}

function socketIn(directory: string): string {
  return `${directory}/run/libvirt/libvirt-sock`;
}
