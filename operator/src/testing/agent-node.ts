// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoneApiServer, startApiServer } from "../../../hack/cluster/apiserver-only.ts";
import { run } from "../../../hack/exec.ts";
import { parseMountinfo } from "../adapters/host/mountinfo.ts";
import { HelperContainer } from "./helper-container.ts";

const repository = join(import.meta.dirname, "../../..");
const heartbeats = "kilonova-heartbeats";
const accountDirectory = "/run/secrets/kubernetes.io/serviceaccount";

/** Mounts a node's directories where the agent looks for them, and holds the namespace open. */
const nodeScript = `
set -eu
mount -t tmpfs node /var/lib
mkdir /var/lib/kilonova /var/lib/kubelet
mount --bind "$STATE" /var/lib/kilonova
mount --bind "$KUBELET" /var/lib/kubelet
mount --make-rshared /var/lib
mount -t tmpfs run /run
mkdir -p ${accountDirectory}
mount --bind "$ACCOUNT" ${accountDirectory}
echo ready
exec cat
`;

/**
 * A node with a real API server, a real helper container and the agent as a process of its own; only
 * the kubelet is missing. Needs root.
 */
export class AgentNode {
  readonly name = "node-1";
  readonly api: LoneApiServer;
  readonly helper: HelperContainer;
  readonly #base: string;
  readonly #holder: ChildProcess;
  readonly #agents = new Set<ChildProcess>();
  /** What all agents wrote. */
  log = "";

  private constructor(
    api: LoneApiServer,
    helper: HelperContainer,
    { base, holder }: { readonly base: string; readonly holder: ChildProcess },
  ) {
    this.api = api;
    this.helper = helper;
    this.#base = base;
    this.#holder = holder;
  }

  static async start(): Promise<AgentNode> {
    const [api, helper] = await Promise.all([startApiServer(), HelperContainer.start()]);
    const base = await mkdtemp(join(tmpdir(), "agent-node-"));
    for (const name of ["kubelet", "account"]) await mkdir(join(base, name));
    const holder = spawn(
      "unshare",
      ["--mount", "--propagation", "private", "sh", "-c", nodeScript],
      {
        env: {
          PATH: process.env["PATH"],
          STATE: helper.base,
          KUBELET: join(base, "kubelet"),
          ACCOUNT: join(base, "account"),
        },
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    await once(holder.stdout, "data", { signal: AbortSignal.timeout(10_000) });
    const node = new AgentNode(api, helper, { base, holder });
    await node.#register();
    return node;
  }

  /** The kubelet's directory as this process sees its files and sockets. */
  get kubeletDirectory(): string {
    return join(this.#base, "kubelet");
  }

  /** Starts an agent, beside any other that runs. */
  async startAgent(): Promise<RunningAgent> {
    const { hostname, port } = new URL(this.api.url);
    const healthPort = await freePort();
    const node = join(repository, "node_modules/.bin/node");
    const program = join(repository, "operator/src/bin/agent.ts");
    // An agent whose test run was killed must not go on.
    const command = ["--pdeathsig=KILL", "nsenter", ...this.#namespace(), node, program];
    const agent = spawn("setpriv", command, {
      env: {
        PATH: process.env["PATH"],
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        KILONOVA_NAMESPACE: "kilonova-system",
        KILONOVA_HEARTBEAT_NAMESPACE: heartbeats,
        KILONOVA_NODE_NAME: this.name,
        KILONOVA_HEALTH_HOST: "127.0.0.1",
        KILONOVA_HEALTH_PORT: String(healthPort),
        KILONOVA_HELPER_DIRECTORY: this.helper.directory,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#agents.add(agent);
    agent.stdout?.on("data", (text: Buffer) => {
      this.log += text.toString();
    });
    agent.once("exit", () => this.#agents.delete(agent));
    const isReady = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`).catch(() => undefined);
      return answer?.ok === true;
    };
    return { process: agent, isReady };
  }

  /** An object as JSON, or undefined when there is none. */
  async get(kind: string, name: string, namespace = "default"): Promise<ApiObject | undefined> {
    const arguments_ = ["get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "json"];
    const { stdout } = await this.api.kubectl(arguments_);
    return stdout === "" ? undefined : (JSON.parse(stdout) as ApiObject);
  }

  async create(object: object): Promise<void> {
    await this.api.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(object) });
  }

  lease(): Promise<ApiObject | undefined> {
    return this.get("lease", this.name, heartbeats);
  }

  /** What is mounted at and below a path of the node. */
  async mountsBelow(path: string): Promise<string[]> {
    const text = await readFile(`/proc/${this.#holder.pid}/mountinfo`, "utf8");
    return parseMountinfo(text)
      .map((mount) => mount.path)
      .filter((found) => found === path || found.startsWith(`${path}/`));
  }

  async run(...argv: readonly string[]): Promise<string> {
    return (await run("nsenter", [...this.#namespace(), ...argv])).stdout;
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) {
      agent.kill("SIGKILL");
      await once(agent, "exit");
    }
    this.#holder.stdin?.end();
    await once(this.#holder, "exit");
    await Promise.all([this.helper.close(), this.api.close()]);
    await rm(this.#base, { recursive: true });
  }

  #namespace(): string[] {
    return [`--target=${this.#holder.pid}`, "--mount", "--"];
  }

  /** What the cluster has when an agent's pod starts. */
  async #register(): Promise<void> {
    const { api } = this;
    for (const name of await readdir(join(repository, "crds"))) {
      await api.kubectl(["create", "-f", join(repository, "crds", name)]);
    }
    await api.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
    await api.kubectl(["create", "namespace", heartbeats]);
    await api.kubectl(["create", "serviceaccount", "agent"]);
    const subject = ["--clusterrole=cluster-admin", "--serviceaccount=default:agent"];
    await api.kubectl(["create", "clusterrolebinding", "agent", ...subject]);
    const { stdout: token } = await api.kubectl(["create", "token", "agent"]);
    await writeFile(join(this.#base, "account/token"), token.trim());
    await copyFile(api.caPath, join(this.#base, "account/ca.crt"));
    await this.create({ apiVersion: "v1", kind: "Node", metadata: { name: this.name } });
    const patch = JSON.stringify({ status: { allocatable: { memory: "6Gi" } } });
    const node = ["node", this.name, "--subresource=status", "--type=merge", "-p", patch];
    await api.kubectl(["patch", ...node]);
  }
}

export interface RunningAgent {
  readonly process: ChildProcess;
  /** What /readyz says. */
  readonly isReady: () => Promise<boolean>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Any object, as loosely as a test looks at it. */
export interface ApiObject {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}
