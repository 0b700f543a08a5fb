// SPDX-License-Identifier: Apache-2.0
import type { Link } from "../../../core/guest/network/links.ts";
import type { Incarnation } from "../../../core/guest/paths.ts";
import type { FakeDisk } from "../../fake-guest-files.ts";
import type { FakeGuest } from "../../fake-guest.ts";
import type { FakeDaemon } from "../../fake-libvirt.ts";
import { lastWordsOf } from "../../fake-pods.ts";
import type { PodContainer } from "./machine.ts";
import { PodNetwork } from "./pod-network.ts";
import type { Physics } from "./process.ts";
import type { Chance } from "./streams.ts";
import type { Attached } from "./wires.ts";

/** How long a touch of `agent-stops` counts. */
const agentStopsMs = 15_000;
const initAsksMs = 10_000;
/** What a shell says of a process that SIGKILL ended. */
const killed = 137;

export interface ContainerOptions {
  readonly physics: Physics;
  readonly podUid: string;
  /** `namespace/name` of the pod, and of its Guest. */
  readonly key: string;
  /** User that its processes run as. */
  readonly uid: number;
  readonly incarnation: Incarnation;
  readonly daemon: FakeDaemon;
  /** The root disk that the pod sees now. */
  readonly disk: () => FakeDisk | undefined;
  readonly chance: Chance;
  /** What the cluster's network plugin made for the pod. */
  readonly uplink: Link;
  /** What Multus attached it to. */
  readonly attached: readonly Attached[];
  /** The pod's annotation; undefined without a probe. */
  readonly probe: string | undefined;
  /** Called when the pod is found ready, or is so no more. */
  readonly onReadiness: () => void;
  /** Called when the last process of the container is gone. */
  readonly onExit: () => void;
}

/** The container of a server pod: init, libvirtd and the guests that run in it. */
export class ServerContainer implements PodContainer {
  readonly podUid: string;
  readonly key: string;
  readonly uid: number;
  readonly incarnation: Incarnation;
  readonly daemon: FakeDaemon;
  readonly network: PodNetwork;
  readonly lastWords: ReadonlyMap<string, string>;
  readonly watchers = new Set<() => void>();
  readonly #options: ContainerOptions;
  /** The disk that each QEMU has open. */
  readonly #open = new Map<FakeGuest, FakeDisk>();
  #agentStopsAtMs = Number.NEGATIVE_INFINITY;
  isTerminating = false;
  exitCode: number | undefined;

  constructor(options: ContainerOptions) {
    const { podUid, key, uid, incarnation, daemon, chance, physics } = options;
    this.#options = options;
    this.podUid = podUid;
    this.key = key;
    this.uid = uid;
    this.incarnation = incarnation;
    this.daemon = daemon;
    this.lastWords = lastWordsOf(daemon);
    this.network = new PodNetwork({
      ...options,
      timeline: physics.timeline,
      qemu: () => daemon.guests()[0],
    });
    daemon.onGuestChange = () => this.network.guestChanged();
    daemon.onPowerButton = (guest) => {
      // One guest of eight hears nothing.
      if (guest.pid % 8 === 0) return;
      physics.timeline.after(chance.whole(500, 8000), () => {
        if (guest.status.state === "running") guest.powerOff();
      });
    };
  }

  /** Every QEMU with the disk that it has open. */
  guests(): { readonly guest: FakeGuest; readonly disk: FakeDisk | undefined }[] {
    return this.daemon.guests().map((guest) => ({ guest, disk: this.#diskOf(guest) }));
  }

  announceShutdown(): void {
    this.#agentStopsAtMs = this.#options.physics.timeline.nowMs;
  }

  /** SIGTERM to init: it asks the guests itself where no agent does, and ends when none is left. */
  terminate(): void {
    if (this.isTerminating || this.hasExited) return;
    this.isTerminating = true;
    for (const watcher of this.watchers) watcher();
    this.#options.physics.timeline.after(1000, () => this.#wait(Number.NEGATIVE_INFINITY));
  }

  get isReady(): boolean {
    return !this.hasExited && this.network.isReady;
  }

  get hasExited(): boolean {
    return this.exitCode !== undefined;
  }

  /** Every process ends at once, without a word. */
  kill(): void {
    this.#exit(killed);
  }

  #exit(code: number): void {
    if (this.hasExited) return;
    this.exitCode = code;
    this.daemon.losePower();
    this.#open.clear();
    this.#options.physics.trace.add(`pod/${this.key}`, "is gone");
    this.#options.onExit();
  }

  /** libvirtd dies and is started again by init; its guests do not notice. */
  crashLibvirtd(downMs: number): void {
    this.daemon.kill();
    this.#options.physics.timeline.after(downMs, () => {
      if (this.hasExited) return;
      this.daemon.start();
      for (const watcher of this.watchers) watcher();
    });
  }

  #wait(askedAtMs: number): void {
    const { timeline } = this.#options.physics;
    if (this.hasExited) return;
    const guests = this.daemon.guests();
    if (guests.length === 0) {
      timeline.after(300, () => {
        if (this.daemon.guests().length === 0) this.#exit(0);
        else this.#wait(askedAtMs);
      });
      return;
    }
    const hasAgent = timeline.nowMs - this.#agentStopsAtMs < agentStopsMs;
    const isDue = timeline.nowMs - askedAtMs >= initAsksMs;
    if (!hasAgent && isDue) {
      for (const guest of guests) {
        if (guest.status.state === "running") this.daemon.onPowerButton(guest);
      }
    }
    timeline.after(1000, () => this.#wait(!hasAgent && isDue ? timeline.nowMs : askedAtMs));
  }

  /** QEMU opens its disk once, and keeps it whatever becomes of its name. */
  #diskOf(guest: FakeGuest): FakeDisk | undefined {
    const known = this.#open.get(guest) ?? this.#options.disk();
    if (known !== undefined) this.#open.set(guest, known);
    return known;
  }
}
