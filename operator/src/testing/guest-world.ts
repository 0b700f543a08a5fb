// SPDX-License-Identifier: Apache-2.0
import { GuestManager } from "../agent/guests/guest-manager.ts";
import { ImageStore } from "../agent/images/image-store.ts";
import { HostBoard } from "../agent/inventory/host-board.ts";
import type { Guest } from "../api/kinds.ts";
import { finalizer } from "../api/names.ts";
import type { GuestSpec, GuestStatus } from "../api/v1alpha1/guest.ts";
import type { BaseImage } from "../core/guest/disk.ts";
import { Metrics } from "../platform/metrics.ts";
import { NotFound } from "../ports/errors.ts";
import type { GuestDisks } from "../ports/guest-disks.ts";
import { type ObjectRef, resources } from "../ports/kube.ts";
import type { Libvirt, LibvirtConnection } from "../ports/libvirt.ts";
import { aGuest, aHypervisor } from "./builders.ts";
import { FakeClock } from "./fake-clock.ts";
import type { FakeGuest } from "./fake-guest.ts";
import { FakeGuestFiles, FakeReleasedTokens } from "./fake-guest-files.ts";
import { FakeImageCache } from "./fake-image-cache.ts";
import { FakeKube } from "./fake-kube.ts";
import { FakeLogger } from "./fake-logger.ts";
import { FakePodNetworks } from "./fake-pod-networks.ts";
import { type FakePod, FakePods } from "./fake-pods.ts";
import { interceptKube, type KubeCall } from "./intercepted-kube.ts";
import { Killed, Life } from "./mortal.ts";
import { SeededRandom } from "./seeded-random.ts";

const operator = { fieldManager: "kilonova-operator" };
const nodeName = "node-1";

/** What happens to the calls of an agent's ports. */
type Mortality = Pick<Life, "mortal">;

/** A node and its API server. Agents come and go; what they leave on the node stays. */
export class GuestWorld {
  readonly clock = new FakeClock();
  readonly random = new SeededRandom(1);
  readonly kube = new FakeKube({ clock: this.clock, random: this.random });
  readonly pods = new FakePods();
  readonly files = new FakeGuestFiles();
  readonly released = new FakeReleasedTokens();
  readonly cache = new FakeImageCache();
  readonly networks = new FakePodNetworks();
  /** Of the agent that was started last. */
  metrics = new Metrics();
  readonly log = new FakeLogger();
  base: BaseImage = {
    virtualSizeBytes: 2 ** 30,
    hasBackingFile: false,
    hasDataFile: false,
    isEncrypted: false,
  };
  bootId = "boot-1";
  /** QEMUs whose vCPUs ever ran, by the boot that was on record then. */
  readonly runs = new Map<string, Set<number>>();
  /** Runs before each call of an agent to the API server; throwing keeps it from happening. */
  onKubeCall: (call: KubeCall) => void = () => {};
  #agent: AbortController | undefined;
  readonly #connections: LibvirtConnection[] = [];
  #host = new HostBoard(this.bootId);

  readonly disks: GuestDisks = {
    inspect: async () => this.base,
    createRootDisk: async ({ incarnation, base, sizeBytes }) => {
      this.files.addDisk(incarnation, { base, sizeBytes, content: "" });
    },
  };

  /** Starts an agent, which sees the node through its ports until its life is over. */
  startAgent(life: Mortality = new Life()): GuestManager {
    const stop = new AbortController();
    this.#agent = stop;
    this.metrics = new Metrics();
    this.#host = new HostBoard(this.bootId);
    const { clock, random, log } = this;
    const images: ImageStore = new ImageStore({
      cache: deadly(life, this.cache),
      networks: async () => ({ refusedNetworks: [], allowedNetworks: [] }),
      digestsInUse: () => manager.digestsInUse(),
      clock,
      random,
      log,
    });
    const manager: GuestManager = new GuestManager({
      nodeName,
      kube: deadly(life, interceptKube(this.kube, { before: (call) => this.onKubeCall(call) })),
      host: this.#host,
      mounts: this.pods,
      runtime: deadly(life, this.pods),
      processes: this.pods,
      networks: deadly(life, this.networks),
      libvirt: this.#mortalLibvirt(life),
      files: deadly(life, this.files),
      disks: deadly(life, this.disks),
      released: deadly(life, this.released),
      images,
      clock,
      random,
      log,
      metrics: this.metrics,
    });
    stop.signal.addEventListener("abort", () => images.close());
    void unlessKilled(manager.run(stop.signal));
    this.reportHost();
    return manager;
  }

  /** What the inventory's part of the agent finds out. */
  reportHost(inventory = aHypervisor().status?.inventory): void {
    const view = { bootId: this.bootId, virtType: "qemu", guestImage: "guest-1" } as const;
    this.#host.post(view, inventory);
  }

  /** Ends the agent at once: its connections break, its timers and handlers are gone. */
  killAgent(): void {
    this.#agent?.abort();
    for (const connection of this.#connections.splice(0)) connection.close();
    this.pods.forgetHandlers();
  }

  /** Takes the node down and up again. */
  reboot(): void {
    this.killAgent();
    this.pods.removeAll();
    this.bootId = "boot-2";
  }

  /** The operator makes a Guest, and the kubelet runs its pod. */
  async create(change: Parameters<typeof aGuest>[0] = {}): Promise<ObjectRef> {
    const guest = aGuest({ ...change, metadata: { ...change.metadata, finalizers: [finalizer] } });
    const { name, namespace = "" } = guest.metadata;
    const metadata = { name, namespace, finalizers: [finalizer] };
    await this.kube.create(resources.guests, { ...guest, metadata }, operator);
    return { namespace, name };
  }

  startPod(ref: ObjectRef, uid = aGuest().spec.uid): FakePod {
    const pod = this.pods.start(ref, uid);
    pod.daemon.onCall = ({ method, uuid = "" }) => {
      // Before it resumes, the agent has put the boot on record.
      if (method === "resumeDomain") queueMicrotask(() => void this.#noteRun(ref, pod, uuid));
    };
    return pod;
  }

  async edit(ref: ObjectRef, spec: Partial<GuestSpec>): Promise<void> {
    await this.kube.patch(resources.guests, ref, { spec }, operator);
  }

  delete(ref: ObjectRef): Promise<void> {
    return this.kube.delete(resources.guests, ref);
  }

  /** The Guest's object goes without anybody having wanted that. */
  async lose(ref: ObjectRef): Promise<void> {
    await this.kube.patch(resources.guests, ref, { metadata: { finalizers: [] } }, operator);
    await this.delete(ref);
  }

  async guest(ref: ObjectRef): Promise<Guest | undefined> {
    try {
      return await this.kube.get(resources.guests, ref);
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  /** What the agent says; nothing yet, when there is none. */
  async status(ref: ObjectRef): Promise<GuestStatus> {
    return (await this.guest(ref))?.status ?? {};
  }

  /** The QEMU of a guest whose name is `ref.name`. */
  domain(ref: ObjectRef): FakeGuest | undefined {
    return this.pods.domains().find(({ domain }) => domain.name === ref.name);
  }

  /** Lets time pass until something holds. Throws when it does not within `secondsMax`. */
  async until(holds: () => Promise<boolean>, secondsMax = 300): Promise<void> {
    const untilMs = this.clock.monotonicMs() + secondsMax * 1000;
    while (!(await holds())) {
      if (this.clock.monotonicMs() > untilMs) {
        const lines = this.log.lines.slice(-5).map((line) => JSON.stringify(line));
        throw new Error(`still not so after ${secondsMax} s: ${lines.join("\n")}`);
      }
      await this.clock.advance(100);
    }
  }

  async untilStatus(ref: ObjectRef, expected: Partial<GuestStatus>): Promise<GuestStatus> {
    const isSo = (status: GuestStatus): boolean =>
      Object.entries(expected).every(([key, value]) => status[key as keyof GuestStatus] === value);
    await this.until(async () => {
      const guest = await this.guest(ref);
      const isCurrent = guest?.status?.observedGeneration === guest?.metadata.generation;
      return isCurrent && isSo(guest?.status ?? {});
    });
    return this.status(ref);
  }

  /** The system closes the connections of an agent that is dead. */
  #mortalLibvirt(life: Mortality): Libvirt {
    return {
      connect: async (path, options) => {
        const connection = await this.pods.libvirt.connect(path, options);
        this.#connections.push(connection);
        return deadly(life, connection);
      },
    };
  }

  async #noteRun({ name }: ObjectRef, pod: FakePod, uuid: string): Promise<void> {
    const pid = pod.daemon.guest(uuid)?.pid;
    const { spec } = aGuest();
    const incarnation = { serverUid: spec.server.uid, token: spec.token };
    const record = await this.files.readRecord(incarnation);
    const boot = `${name}/${record?.boot?.number ?? "unrecorded"}`;
    if (pid === undefined) return;
    this.runs.set(boot, (this.runs.get(boot) ?? new Set()).add(pid));
  }
}

/** What looks only: a process that is killed after it is the same as one killed before. */
const looks =
  /^(get|list|watch|view|has|find|read|lookup|is|last|space|inspect|current|libvirtSocket)/;

/** The port as a process sees it that may be killed right after each of its effects. */
function deadly<Port extends object>(life: Mortality, port: Port): Port {
  const mortal = life.mortal(port);
  return new Proxy(port, {
    get: (target, name) => {
      const isLook = typeof name === "string" && looks.test(name);
      const member: unknown = Reflect.get(isLook ? target : mortal, name);
      return typeof member === "function" && isLook ? member.bind(target) : member;
    },
  });
}

async function unlessKilled(process: Promise<void>): Promise<void> {
  try {
    await process;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}
