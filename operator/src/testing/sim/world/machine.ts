// SPDX-License-Identifier: Apache-2.0
import { nodePaths } from "../../../core/guest/paths.ts";
import type { Pod } from "../../../ports/kube.ts";
import { who } from "../../access/identities.ts";
import type { Api } from "./api.ts";
import { runKubelet } from "./kubelet.ts";
import { Link } from "./link.ts";
import { NodeDisk } from "./node-disk.ts";
import { NodePlugins } from "./node-plugins.ts";
import type { Physics } from "./process.ts";
import { Supervisor } from "./supervisor.ts";

/** The processes of one pod, as the kubelet sees them. */
export interface PodContainer {
  /** Of the first process, when the last one is gone. */
  readonly exitCode: number | undefined;
  /** Its readiness probe finds it so. */
  readonly isReady: boolean;
  /** SIGTERM to its first process. */
  terminate(): void;
  /** SIGKILL to all. */
  kill(): void;
}

/** A computer with a kubelet: what it keeps through a power cut, and what runs on it. */
export abstract class Machine<C extends PodContainer = PodContainer> {
  readonly name: string;
  readonly link = new Link();
  readonly plugins = new NodePlugins();
  readonly kubelet: Supervisor;
  /** Containers by uid of their pod: also those that ended, until their volume is taken down. */
  readonly containers = new Map<string, C>();
  readonly memoryMib = 8192;
  readonly paths = nodePaths();
  protected readonly physics: Physics;
  #disk = new NodeDisk(nodePaths());
  #boots = 1;
  #isPowered = true;
  #isScrapped = false;
  /** Added to the wall clock of all its processes. */
  wallOffsetMs = 0;
  /** What the start of a container ends with; undefined when it starts. */
  containerTrouble: string | undefined;
  /** Told of a pod's uid by what happens on the machine; the kubelet that runs sets it. */
  kubeletLooks: (podUid: string) => void = () => {};
  /** Ends a pod for want of room, and says so; the kubelet that runs sets it. */
  evict: (podUid: string) => void = () => {};

  constructor(name: string, physics: Physics, api: Api) {
    this.name = name;
    this.physics = physics;
    this.kubelet = new Supervisor({
      name: `kubelet/${name}`,
      physics,
      restartMs: [1000, 15_000],
      wallOffsetMs: () => this.wallOffsetMs,
      isPossible: () => this.#isPowered,
      run: (process) =>
        runKubelet(this, process, api.connect(process, this.link, who.kubeletOf(name))),
    });
  }

  /** Containerd starts the container of a pod whose volume is published. */
  abstract startContainer(pod: Pod): void;

  /** Why a pod cannot have its network now; undefined when it can. */
  networkTrouble(_pod: Pod): string | undefined {
    return undefined;
  }

  /** What the API server says of a pod that runs has changed. */
  follow(_pod: Pod): void {}

  get disk(): NodeDisk {
    return this.#disk;
  }

  get isPowered(): boolean {
    return this.#isPowered;
  }

  get bootId(): string {
    return `${this.name}-boot-${this.#boots}`;
  }

  start(): void {
    this.kubelet.start();
  }

  /** Everything on it ends at once. */
  cutPower(): void {
    if (!this.#isPowered) return;
    this.#isPowered = false;
    this.kubelet.kill();
    for (const container of this.containers.values()) container.kill();
    this.containers.clear();
    this.plugins.stopKubelet();
    this.#disk.reboot();
    this.physics.trace.add(this.name, "power is cut");
  }

  powerOn(): void {
    if (this.#isPowered || this.#isScrapped) return;
    this.#isPowered = true;
    this.#boots += 1;
    this.physics.trace.add(this.name, `boots as ${this.bootId}`);
    this.start();
  }

  /** Never comes back. */
  scrap(): void {
    this.cutPower();
    this.kubelet.halt();
    this.#isScrapped = true;
  }

  /** Comes back with an empty disk. The power must be off. */
  reinstall(): void {
    this.#disk = new NodeDisk(this.paths);
    this.physics.trace.add(this.name, "is installed anew");
  }
}
