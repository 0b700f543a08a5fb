// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../hack/exec.ts";
import { productRootfs } from "../../../hack/image/product.ts";
import { ServerPod, uid } from "../../guest-image/testing/server-pod.ts";
import type { ConnectedNetwork, GuestNetwork } from "../api/v1alpha1/network.ts";
import type { NetworkSetup } from "../core/guest/network/card.ts";
import type { Link } from "../core/guest/network/links.ts";
import type { PodIdentity, Traffic } from "../ports/pod-networks.ts";

const podUid = "0f5c2a52-0b6c-4d34-9b8a-0a5d3d8a1001";

/** As network plugins set up a pod, by a wire to its node and one for the network of Multus. */
const wireScript = `
ip link add node0 mtu "$MTU" type veth peer name eth0 mtu "$MTU" netns "$POD"
ip address add 10.9.0.1/24 dev node0
ip address add fd09::1/64 dev node0 nodad
ip link set node0 up
ip link add node1 type veth peer name net1 netns "$POD"
ip address add 10.8.0.1/24 dev node1
ip link set node1 up
nsenter --net="/proc/$POD/ns/net" sh -euc '
  ip link set lo up
  ip address add 10.9.0.2/24 dev eth0
  ip link set eth0 up
  ip route add default via 10.9.0.1
  ip address add fd09::2/64 dev eth0 nodad
  ip route add default via fd09::1
  ip address add 10.8.0.7/24 dev net1
  ip link set net1 up
'
`;

interface GuestRequest {
  readonly networks: readonly GuestNetwork[];
  readonly hostname: string;
  readonly queues: number;
}

export type AgentRequest = { readonly pod: PodIdentity; readonly directory: string } & (
  | { readonly kind: "connect"; readonly guest: GuestRequest }
  | { readonly kind: "links" }
  | { readonly kind: "setUp"; readonly setup: NetworkSetup }
  | { readonly kind: "traffic" }
);

/**
 * A server pod with a network namespace of its own, a node that it has a wire to, and the agent's
 * programs. Needs root. All of it goes with the test run.
 */
export class PodNetworkWorld {
  readonly pod: ServerPod;
  readonly #base: string;
  readonly #node: ChildProcess;
  readonly #agent: ChildProcess;

  private constructor(
    pod: ServerPod,
    { base, node, agent }: { base: string; node: ChildProcess; agent: ChildProcess },
  ) {
    this.pod = pod;
    this.#base = base;
    this.#node = node;
    this.#agent = agent;
  }

  static async start(mtu: number): Promise<PodNetworkWorld> {
    const [rootfs, pod] = [await productRootfs(), await ServerPod.start(undefined, "empty")];
    const base = await mkdtemp(join(tmpdir(), "pod-network-"));
    await showProcess(base, await pod.initPid());
    const node = spawn(
      "setpriv",
      ["--pdeathsig=KILL", "unshare", "--net", "sh", "-c", "echo; exec sleep 1000"],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    await once(node.stdout, "data");
    const script = fileURLToPath(import.meta.resolve("./pod-network-child.ts"));
    const command = ["--mount", "--propagation", "private", process.execPath, script, rootfs, base];
    const agent = spawn("unshare", command, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(agent, "message", { signal: AbortSignal.timeout(30_000) });
    const world = new PodNetworkWorld(pod, { base, node, agent });
    await world.onNode("env", `MTU=${mtu}`, `POD=${await pod.initPid()}`, "sh", "-euc", wireScript);
    return world;
  }

  /** The agent connects the guest's cards. */
  async connect(guest: GuestRequest): Promise<readonly ConnectedNetwork[]> {
    return (await this.#ask({ kind: "connect", guest })) as readonly ConnectedNetwork[];
  }

  /** The pod's interfaces, as the agent sees them. */
  async readLinks(): Promise<readonly Link[]> {
    return (await this.#ask({ kind: "links" })) as readonly Link[];
  }

  async setUp(setup: NetworkSetup): Promise<void> {
    await this.#ask({ kind: "setUp", setup });
  }

  async traffic(): Promise<Readonly<Record<string, Traffic>>> {
    return (await this.#ask({ kind: "traffic" })) as Readonly<Record<string, Traffic>>;
  }

  /** Runs a program of this machine in the node's network, and gives what it wrote. */
  async onNode(...argv: readonly string[]): Promise<string> {
    return (await run("nsenter", [`--target=${this.#node.pid}`, "--net", "--", ...argv])).stdout;
  }

  /** Starts a program in the node's network. */
  startOnNode(...argv: readonly string[]): ChildProcess {
    const command = ["--pdeathsig=KILL", "nsenter", `--target=${this.#node.pid}`, "--net", "--"];
    return spawn("setpriv", [...command, ...argv], { stdio: ["ignore", "pipe", "inherit"] });
  }

  /** Runs a program of this machine in the pod's network, as the kubelet's port-forward does. */
  async inPod(...argv: readonly string[]): Promise<string> {
    const target = `--target=${await this.pod.initPid()}`;
    return (await run("nsenter", [target, "--net", "--", ...argv])).stdout;
  }

  /** Runs a shell command in the guest, asked for through its pod's address. */
  inGuest(command: string): Promise<string> {
    const query = `http://10.9.0.2/sh?c=${encodeURIComponent(command)}`;
    return this.onNode("curl", "--silent", "--max-time", "20", query);
  }

  async close(): Promise<void> {
    this.#agent.disconnect();
    await once(this.#agent, "exit");
    this.#node.kill("SIGKILL");
    await this.pod.close();
    await rm(this.#base, { recursive: true });
  }

  async #ask(
    request:
      | { kind: "connect"; guest: GuestRequest }
      | { kind: "setUp"; setup: NetworkSetup }
      | { kind: "links" | "traffic" },
  ): Promise<unknown> {
    const answered = once(this.#agent, "message", { signal: AbortSignal.timeout(30_000) });
    const pod = { podUid, uid };
    this.#agent.send({ ...request, pod, directory: this.pod.directory });
    const [{ value, error }] = (await answered) as [{ value?: unknown; error?: string }];
    if (error !== undefined) throw new Error(error);
    return value;
  }
}

/** A look at the pod's process as the agent has it, with the kubelet's control group, which is not here. */
async function showProcess(proc: string, pid: number): Promise<void> {
  const directory = join(proc, String(pid));
  await mkdir(directory);
  for (const name of ["status", "ns", "net"]) {
    await symlink(`/proc/${pid}/${name}`, join(directory, name));
  }
  await writeFile(join(directory, "cgroup"), `0::/kubepods/burstable/pod${podUid}/guest\n`);
}
