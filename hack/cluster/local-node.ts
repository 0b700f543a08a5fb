// SPDX-License-Identifier: Apache-2.0
/** A node of the local cluster: a machine that runs containerd, kubelet and kube-proxy. */
import type { RunOptions, TryRunResult } from "../exec.ts";
import { processesOf } from "./cgroups.ts";
import type { ClusterNode, InputOptions, NodeState } from "./contract.ts";
import { waitUntilReady } from "./daemons.ts";
import { importImage } from "./images.ts";
import type { NodePlan } from "./layout.ts";
import { areCablesConnected, connectCables, disconnectCables } from "./network.ts";
import { nodePaths } from "./node-config.ts";
import { NodeMachine } from "./node-machine.ts";
import type { PowerSupply } from "./node-machine.ts";

const daemons = ["kubelet", "kube-proxy", "containerd"] as const;
type DaemonName = (typeof daemons)[number];

export class LocalNode implements ClusterNode {
  readonly #machine: NodeMachine;
  readonly #supply: () => Promise<PowerSupply>;

  /** `supply` is asked for when the node is powered on, and not before. */
  constructor(state: string, plan: NodePlan, supply: () => Promise<PowerSupply>) {
    this.#machine = new NodeMachine(state, plan);
    this.#supply = supply;
  }

  get name(): string {
    return this.#machine.plan.name;
  }

  async state(): Promise<NodeState> {
    if ((await this.#machine.initPid()) === undefined) return "off";
    if (!areCablesConnected(this.#machine.plan)) return "partitioned";
    for (const daemon of daemons) {
      if (!(await this.#isRunning(daemon))) return "stopped";
    }
    return "running";
  }

  async powerCut(): Promise<void> {
    await this.#machine.powerOff();
  }

  /** Powers the node on up to containerd, which needs no API server. */
  async boot(): Promise<void> {
    await this.#machine.powerOn(await this.#supply());
    await this.#startContainerd();
  }

  async start(): Promise<void> {
    await this.boot();
    await this.startDaemons();
  }

  async stopDaemons(): Promise<void> {
    for (const daemon of daemons) await this.#machine.killDaemon(daemon);
  }

  async startDaemons(): Promise<void> {
    await this.#startContainerd();
    const { name, addresses } = this.#machine.plan;
    await this.#ensure("kubelet", [
      nodePaths.startKubelet,
      `--config=${nodePaths.kubeletConfig}`,
      `--kubeconfig=${nodePaths.kubeletKubeconfig}`,
      `--hostname-override=${name}`,
      `--node-ip=${addresses.join(",")}`,
      "--v=2",
    ]);
    await this.#ensure("kube-proxy", [
      "kube-proxy",
      `--config=${nodePaths.kubeProxyConfig}`,
      `--hostname-override=${name}`,
    ]);
  }

  async partition(): Promise<void> {
    await disconnectCables(this.#machine.plan);
  }

  async heal(): Promise<void> {
    await connectCables(this.#machine.plan);
  }

  exec(argv: readonly string[], options: InputOptions = {}): Promise<TryRunResult> {
    return this.#machine.exec(argv, options);
  }

  terminalCommand(argv: readonly string[]): Promise<readonly string[]> {
    return this.#machine.terminalCommand(argv);
  }

  hostPath(path: string): Promise<string> {
    return this.#machine.hostPath(path);
  }

  /** Imports an OCI archive into the node's containerd unless it has that image. */
  async loadImage(ociArchivePath: string): Promise<void> {
    const exec = (argv: readonly string[], options?: RunOptions): Promise<string> =>
      this.#machine.mustExec(argv, options);
    await importImage(ociArchivePath, exec);
  }

  async #startContainerd(): Promise<void> {
    await this.#ensure("containerd", ["containerd", "--config", nodePaths.containerdConfig]);
    const { pause } = (await this.#supply()).programs;
    await this.loadImage(pause.image.tar);
  }

  async #isRunning(daemon: DaemonName): Promise<boolean> {
    return (await this.#machine.pidsOf(daemon)).length > 0;
  }

  async #ensure(daemon: DaemonName, argv: readonly string[]): Promise<void> {
    // One that runs may have been started by an `up` that was killed before it was ready.
    if (!(await this.#isRunning(daemon))) await this.#machine.startDaemon(daemon, argv);
    await waitUntilReady({
      name: `${daemon} on ${this.name}`,
      logPath: this.#machine.logPath(daemon),
      isReady: () => this.#isReady(daemon),
      isRunning: async () => (await processesOf(this.#machine.plan.name)).length > 0,
    });
  }

  async #isReady(daemon: DaemonName): Promise<boolean> {
    if (!(await this.#isRunning(daemon))) return false;
    if (daemon !== "containerd") return true;
    return (await this.#machine.exec(["ctr", "version"])).exitCode === 0;
  }
}
