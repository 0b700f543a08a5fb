// SPDX-License-Identifier: Apache-2.0
/**
 * The same cluster made by kind, whose nodes are Docker containers. The project's own tests run on
 * {@link file://./local-cluster.ts}; this path serves users who have a Docker engine. It calls `kind`,
 * `kubectl` and `helm` from PATH.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { run, tryRun } from "../exec.ts";
import type { RunResult, TryRunResult } from "../exec.ts";
import type {
  ApiServer,
  Cluster,
  ClusterClient,
  ClusterNode,
  ClusterStatus,
  InputOptions,
  NodeState,
} from "./contract.ts";
import { layoutOf, nodeCountDefault, planNode, stateDirectory } from "./layout.ts";

const clusterName = "kilonova";
const controlPlane = `${clusterName}-control-plane`;
const manifest = "kube-apiserver.yaml";
// The kubelet runs the API server for as long as its manifest lies in the first of these.
const manifestDirectory = "/etc/kubernetes/manifests";
const parkingDirectory = "/etc/kubernetes";

export async function isDockerRunning(): Promise<boolean> {
  try {
    return (await tryRun("docker", ["info"], { timeoutSeconds: 10 })).exitCode === 0;
  } catch {
    return false; // There is no client, or its engine hangs.
  }
}

export class KindCluster implements Cluster {
  readonly engine = "docker";
  readonly apiServer: ApiServer;
  readonly #layout = layoutOf(stateDirectory());

  constructor() {
    this.apiServer = {
      kill: async () => {
        await moveManifest(manifestDirectory, parkingDirectory);
        await tryRun("docker", ["exec", controlPlane, "pkill", "-KILL", "kube-apiserver"]);
      },
      start: async () => {
        await moveManifest(parkingDirectory, manifestDirectory);
        await this.#waitUntilReady();
      },
    };
  }

  get kubeconfigPath(): string {
    return this.#layout.adminKubeconfig;
  }

  get auditLogPath(): string {
    return this.#layout.auditLog;
  }

  async up(nodeCount: number = nodeCountDefault): Promise<void> {
    if (!(await this.#exists())) await this.#create(nodeCount);
    if (existsSync(this.auditLogPath)) await truncate(this.auditLogPath);
    await this.apiServer.start();
    const { nodes } = await this.status();
    for (const { name, state } of nodes) {
      if (state === "off") await this.node(name).start();
      if (state === "partitioned") await this.node(name).heal();
      if (state === "stopped") await this.node(name).startDaemons();
    }
    await this.kubectl(["wait", "--for=condition=Ready", "node", "--all", "--timeout=120s"]);
  }

  async down(): Promise<void> {
    await run("kind", ["delete", "cluster", "--name", clusterName]);
    await rm(this.#layout.state, { recursive: true, force: true });
  }

  async status(): Promise<ClusterStatus> {
    const ready = await tryRun("kubectl", ["get", "--raw", "/readyz"], { env: this.#env() });
    const filter = ["--filter", `label=io.x-k8s.kind.cluster=${clusterName}`];
    const { stdout } = await run("docker", ["ps", "--all", ...filter, "--format", "{{.Names}}"]);
    const containers = stdout.split("\n").filter((name) => name.includes("-worker"));
    const nodes = containers.toSorted().map((container) => new KindNode(container));
    return {
      apiServer: ready.exitCode === 0 ? "running" : "stopped",
      nodes: await Promise.all(
        nodes.map(async (node) => ({ name: node.name, state: await node.state() })),
      ),
    };
  }

  node(which: number | string): ClusterNode {
    const name = String(which);
    if (name.startsWith(clusterName)) return new KindNode(name);
    const { number } = planNode(Number(name.replace(/^node-/, "")));
    return new KindNode(`${clusterName}-worker${number === 1 ? "" : number}`);
  }

  client(name: "kubectl" | "helm"): Promise<ClusterClient> {
    return Promise.resolve({ path: name, env: this.#env() });
  }

  kubectl(args: readonly string[], options: InputOptions = {}): Promise<RunResult> {
    return run("kubectl", args, { ...options, env: this.#env() });
  }

  async loadImage(ociArchivePath: string): Promise<void> {
    await run("kind", ["load", "image-archive", ociArchivePath, "--name", clusterName]);
  }

  #env(): Record<string, string> {
    return { KUBECONFIG: this.kubeconfigPath };
  }

  async #exists(): Promise<boolean> {
    const { stdout } = await run("kind", ["get", "clusters"]);
    return stdout.split("\n").includes(clusterName);
  }

  async #create(nodeCount: number): Promise<void> {
    await mkdir(this.#layout.logs, { recursive: true });
    const template = await readFile(join(import.meta.dirname, "kind.yaml"), "utf8");
    const config = template
      .replaceAll("AUDIT_POLICY", join(import.meta.dirname, "audit-policy.yaml"))
      .replaceAll("LOGS", this.#layout.logs)
      .concat("  - role: worker\n".repeat(nodeCount));
    const create = ["create", "cluster", "--name", clusterName, "--config", "-", "--wait", "120s"];
    await run("kind", [...create, "--kubeconfig", this.kubeconfigPath], { stdin: config });
  }

  async #waitUntilReady(): Promise<void> {
    const poll = "until curl -fsk https://127.0.0.1:6443/readyz >/dev/null; do sleep 0.2; done";
    const options = { timeoutSeconds: 120 };
    await run("docker", ["exec", controlPlane, "sh", "-c", poll], options);
  }
}

async function moveManifest(from: string, to: string): Promise<void> {
  const script = `[ ! -e ${from}/${manifest} ] || mv ${from}/${manifest} ${to}/`;
  await run("docker", ["exec", controlPlane, "sh", "-c", script]);
}

class KindNode implements ClusterNode {
  readonly name: string;

  constructor(container: string) {
    this.name = container;
  }

  async state(): Promise<NodeState> {
    const format = ["--format", "{{.State.Running}}"];
    const { stdout } = await run("docker", ["inspect", ...format, this.name]);
    if (stdout.trim() !== "true") return "off";
    if ((await this.exec(["nft", "list", "table", "inet", "partition"])).exitCode === 0) {
      return "partitioned";
    }
    const kubelet = await this.exec(["systemctl", "is-active", "kubelet", "containerd"]);
    return kubelet.exitCode === 0 ? "running" : "stopped";
  }

  async powerCut(): Promise<void> {
    if ((await this.state()) !== "off") await run("docker", ["kill", this.name]);
  }

  async start(): Promise<void> {
    await run("docker", ["start", this.name]);
  }

  async stopDaemons(): Promise<void> {
    await this.#mustExec(["systemctl", "stop", "kubelet", "containerd"]);
  }

  async startDaemons(): Promise<void> {
    await this.#mustExec(["systemctl", "start", "containerd", "kubelet"]);
  }

  async partition(): Promise<void> {
    const chains = ["input", "output", "forward"].map((hook) => {
      const isLocal =
        hook === "forward" ? "" : `meta ${hook === "input" ? "iif" : "oif"} lo accept;`;
      return `chain ${hook} { type filter hook ${hook} priority -400; policy drop; ${isLocal} }`;
    });
    await this.heal();
    await this.#mustExec(["nft", `table inet partition { ${chains.join(" ")} }`]);
  }

  async heal(): Promise<void> {
    await this.exec(["nft", "delete", "table", "inet", "partition"]);
  }

  exec(argv: readonly string[], options: InputOptions = {}): Promise<TryRunResult> {
    return tryRun("docker", ["exec", "-i", this.name, ...argv], options);
  }

  terminalCommand(argv: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(["docker", "exec", "-it", this.name, ...argv]);
  }

  hostPath(path: string): Promise<string> {
    const message = `${path} of ${this.name} is inside a Docker container: read it with exec`;
    return Promise.reject(new Error(message));
  }

  async #mustExec(argv: readonly string[]): Promise<void> {
    await run("docker", ["exec", this.name, ...argv]);
  }
}
