// SPDX-License-Identifier: Apache-2.0
/**
 * A cluster of namespaces on this machine: the control plane on the host, every node a machine of
 * Linux namespaces. What runs and what exists is asked of the kernel at every call, so an object of
 * this class holds no state and a run that was killed is continued by the next.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../exec.ts";
import type { RunResult } from "../exec.ts";
import { withLock } from "../lock.ts";
import { step } from "../steps.ts";
import { removeCgroup } from "./cgroups.ts";
import type {
  ApiServer,
  Cluster,
  ClusterClient,
  ClusterNode,
  ClusterStatus,
  InputOptions,
} from "./contract.ts";
import { ControlPlane } from "./control-plane.ts";
import { layoutOf, nodeCountDefault, nodeCountMax, planNode, stateDirectory } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { LocalNode } from "./local-node.ts";
import { ensureBridges, removeBridges } from "./network.ts";
import type { PowerSupply } from "./node-machine.ts";
import { checkPrerequisites, requireRoot } from "./prerequisites.ts";
import { clientPath, controlPlanePrograms, nodePrograms } from "./programs.ts";
import type { NodePrograms } from "./programs.ts";

const readySecondsMax = 120;
const specificationSchema = z.object({ nodeCount: z.number().int().min(1).max(nodeCountMax) });

export class LocalCluster implements Cluster {
  readonly engine = "namespaces";
  readonly apiServer: ApiServer;
  readonly #layout: Layout = layoutOf(stateDirectory());
  readonly #controlPlane = new ControlPlane(this.#layout);
  #programs: Promise<NodePrograms> | undefined;

  constructor() {
    this.apiServer = {
      kill: () => this.#controlPlane.killApiServer(),
      start: async () => this.#controlPlane.startApiServer(await controlPlanePrograms()),
    };
  }

  get kubeconfigPath(): string {
    return this.#layout.adminKubeconfig;
  }

  get auditLogPath(): string {
    return this.#layout.auditLog;
  }

  async up(nodeCount: number = nodeCountDefault): Promise<void> {
    await checkPrerequisites();
    await withLock("cluster", async () => {
      await this.#specify(nodeCount);
      const controlPlane = await step("control plane programs", controlPlanePrograms);
      await step("node programs", () => this.#nodePrograms());
      const nodes = await this.#nodes();
      await ensureBridges();
      if (existsSync(this.auditLogPath)) await truncate(this.auditLogPath);
      await step("API server and machines", () =>
        Promise.all([
          this.#controlPlane.startApiServer(controlPlane),
          ...nodes.map((node) => node.boot()),
        ]),
      );
      await this.#controlPlane.writeAdminKubeconfig();
      await step("controllers and nodes", async () => {
        await Promise.all([
          this.#controlPlane.startControllers(controlPlane),
          ...nodes.map((node) => node.heal().then(() => node.startDaemons())),
          this.kubectl(["apply", "-f", join(import.meta.dirname, "multus.yaml")]),
        ]);
        await this.#waitUntilUsable(nodes);
      });
    });
  }

  async down(): Promise<void> {
    requireRoot();
    await withLock("cluster", async () => {
      // Every node that may ever have been, also when the record of their number is lost.
      await Promise.all(this.#localNodes(nodeCountMax).map((node) => node.powerCut()));
      await this.#controlPlane.remove();
      await removeCgroup();
      await removeBridges();
      await rm(this.#layout.state, { recursive: true, force: true });
    });
  }

  async status(): Promise<ClusterStatus> {
    const nodes = await this.#nodes();
    const isServing = await this.#controlPlane.isApiServerRunning();
    return {
      apiServer: isServing ? "running" : "stopped",
      nodes: await Promise.all(
        nodes.map(async (node) => ({ name: node.name, state: await node.state() })),
      ),
    };
  }

  node(which: number | string): ClusterNode {
    const number = /^(?:node-)?(\d)$/.exec(String(which))?.[1];
    if (number === undefined) throw new Error(`${which} is no node: say 2 or node-2`);
    return this.#localNode(Number(number));
  }

  async client(name: "kubectl" | "helm"): Promise<ClusterClient> {
    return {
      path: await clientPath(name),
      env: { KUBECONFIG: this.kubeconfigPath, KUBECACHEDIR: this.#layout.kubectlCache },
    };
  }

  async kubectl(args: readonly string[], options: InputOptions = {}): Promise<RunResult> {
    const { path, env } = await this.client("kubectl");
    return run(path, args, { ...options, env });
  }

  async loadImage(ociArchivePath: string): Promise<void> {
    const nodes = await this.#nodes();
    await Promise.all(nodes.map((node) => node.loadImage(ociArchivePath)));
  }

  /** Records what the cluster is to be. Throws when it is something else already. */
  async #specify(nodeCount: number): Promise<void> {
    const existing = await this.#nodeCount();
    if (existing !== undefined && existing !== nodeCount) {
      throw new Error(
        `the cluster has ${existing} nodes: take it down first, or ask for ${existing}`,
      );
    }
    await mkdir(this.#layout.logs, { recursive: true });
    const text = JSON.stringify(specificationSchema.parse({ nodeCount }));
    await writeFile(this.#layout.specification, text);
  }

  async #nodeCount(): Promise<number | undefined> {
    if (!existsSync(this.#layout.specification)) return undefined;
    const text = await readFile(this.#layout.specification, "utf8");
    return specificationSchema.parse(JSON.parse(text)).nodeCount;
  }

  async #nodes(): Promise<readonly LocalNode[]> {
    return this.#localNodes((await this.#nodeCount()) ?? 0);
  }

  #localNodes(count: number): readonly LocalNode[] {
    return Array.from({ length: count }, (_, index) => this.#localNode(index + 1));
  }

  #localNode(number: number): LocalNode {
    const supply = (): Promise<PowerSupply> => this.#powerSupply(number);
    return new LocalNode(this.#layout.state, planNode(number), supply);
  }

  async #powerSupply(number: number): Promise<PowerSupply> {
    const count = (await this.#nodeCount()) ?? 0;
    if (number > count)
      throw new Error(`there is no node-${number}: the cluster has ${count} nodes`);
    const plans = Array.from({ length: count }, (_, index) => planNode(index + 1));
    const authority = await this.#controlPlane.authority();
    return {
      programs: await this.#nodePrograms(),
      authority,
      kubeProxy: await authority.issue({ name: "kube-proxy", subject: "/CN=system:kube-proxy" }),
      others: plans.filter((plan) => plan.number !== number),
    };
  }

  #nodePrograms(): Promise<NodePrograms> {
    this.#programs ??= nodePrograms();
    return this.#programs;
  }

  /** Waits until a pod that is created now would be run. */
  async #waitUntilUsable(nodes: readonly LocalNode[]): Promise<void> {
    const names = nodes.map((node) => `node/${node.name}`);
    const timeout = `--timeout=${readySecondsMax}s`;
    await this.kubectl(["wait", "--for=create", ...names, "serviceaccount/default", timeout]);
    await this.kubectl(["wait", "--for=condition=Ready", ...names, timeout]);
  }
}
