// SPDX-License-Identifier: Apache-2.0
/** A node as a machine: namespaces with an init of their own that can be powered on and off. */
import { constants } from "node:fs";
import { chmod, copyFile, mkdir, readlink, rm, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tryRun } from "../exec.ts";
import type { RunOptions, TryRunResult } from "../exec.ts";
import { createCgroup, inCgroup, kill, processesOf, removeCgroup } from "./cgroups.ts";
import { startInBackground, waitUntilReady } from "./daemons.ts";
import { apiServerUrl, layoutOf, nodeDiskDirectories, nodeLayout } from "./layout.ts";
import type { NodeLayout, NodePlan } from "./layout.ts";
import { ensureCables, removeCables } from "./network.ts";
import {
  guestBridge,
  nodeBinds,
  nodeFiles,
  nodePaths,
  nodeRoutes,
  nodeSearchPath,
} from "./node-config.ts";
import type { NodePrograms } from "./programs.ts";
import { writeKubeconfig } from "./pki.ts";
import type { CertificateAuthority, KeyPair } from "./pki.ts";

const deathPollMilliseconds = 20;

/** What a node needs from the cluster to be powered on. */
export interface PowerSupply {
  readonly programs: NodePrograms;
  readonly authority: CertificateAuthority;
  readonly kubeProxy: KeyPair;
  /** The other nodes of the cluster. */
  readonly others: readonly NodePlan[];
}

export class NodeMachine {
  readonly plan: NodePlan;
  readonly #state: string;
  readonly #files: NodeLayout;

  constructor(state: string, plan: NodePlan) {
    this.plan = plan;
    this.#state = state;
    this.#files = nodeLayout(state, plan);
  }

  /** Where the host keeps the log of one of the node's programs. */
  logPath(program: string): string {
    return join(layoutOf(this.#state).logs, `${this.plan.name}-${program}.log`);
  }

  /** The node's init as the host numbers processes; none when the node is off. */
  async initPid(): Promise<number | undefined> {
    return (await this.pidsOf(basename(nodePaths.init)))[0];
  }

  /** The processes of a program that run in the node but not in its pods. */
  async pidsOf(program: string): Promise<readonly number[]> {
    const pids: number[] = [];
    for (const pid of await processesOf(this.plan.name)) {
      // A process that ends meanwhile has no program.
      const path = await readlink(`/proc/${pid}/exe`).catch(() => "");
      if (basename(path) === program) pids.push(pid);
    }
    return pids;
  }

  /** Starts the node with the disk that it had, unless it is on. */
  async powerOn(supply: PowerSupply): Promise<void> {
    let pid = await this.initPid();
    if (pid === undefined) {
      // An earlier start may have been given up half-way.
      await this.powerOff();
      await this.#install(supply);
      pid = await this.#boot(supply);
    }
    await ensureCables(this.plan, pid);
    // It fails where the bridge is there, and all else that can be wrong with it is told by the next.
    await this.exec(["ip", "link", "add", guestBridge, "type", "bridge", "mcast_snooping", "0"]);
    await this.mustExec(["ip", "-batch", "-"], { stdin: nodeRoutes(this.plan, supply.others) });
  }

  /** Kills every process of the node at once and drops what only its kernel would know. Files stay. */
  async powerOff(): Promise<void> {
    await removeCgroup(this.plan.name);
    await removeCables(this.plan);
  }

  /** Runs a program in the node. Throws when the node is off. */
  async exec(argv: readonly string[], options: RunOptions = {}): Promise<TryRunResult> {
    const [program = "", ...args] = inCgroup(this.plan.name, await this.#inNamespaces(argv));
    return tryRun(program, args, options);
  }

  /** Runs a program in the node. Throws when it fails. */
  async mustExec(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.exec(argv, options);
    if (result.exitCode !== 0) {
      throw new Error(`${this.plan.name}: ${argv.join(" ")}: ${result.stderr.trim()}`);
    }
    return result.stdout;
  }

  /** The command line for running a program in the node from a terminal. */
  async terminalCommand(argv: readonly string[]): Promise<readonly string[]> {
    return inCgroup(this.plan.name, await this.#inNamespaces(argv));
  }

  /** Starts a program in the node that stays. */
  async startDaemon(name: string, argv: readonly string[]): Promise<void> {
    // The shell leaves the program to the node's init, so that none of the host's processes waits for it.
    const command = await this.#inNamespaces(["sh", "-c", '"$@" &', "background", ...argv]);
    await startInBackground(this.plan.name, command, this.logPath(name));
  }

  /** Kills a program of the node, but not what it has started, and returns when it is gone. */
  async killDaemon(program: string): Promise<void> {
    for (;;) {
      const pids = await this.pidsOf(program);
      if (pids.length === 0) return;
      for (const pid of pids) kill(pid);
      await sleep(deathPollMilliseconds);
    }
  }

  /** Where the host finds a file of the node. Only the node's disk is there while the node is off. */
  async hostPath(path: string): Promise<string> {
    const onDisk = nodeDiskDirectories.some((one) => path === one || path.startsWith(`${one}/`));
    if (onDisk) return join(this.#files.disk, path);
    return join(`/proc/${await this.#requireInit()}/root`, path);
  }

  async #requireInit(): Promise<number> {
    const pid = await this.initPid();
    if (pid === undefined) throw new Error(`${this.plan.name} is off: start it first`);
    return pid;
  }

  async #inNamespaces(argv: readonly string[]): Promise<readonly string[]> {
    const environment = [`PATH=${nodeSearchPath}`, "HOME=/root", "TERM=xterm"];
    const pid = `${await this.#requireInit()}`;
    return ["nsenter", "-t", pid, "-a", "--", "env", "-i", ...environment, ...argv];
  }

  /** Writes what the node's file system has of its own. */
  async #install({ programs, authority, kubeProxy }: PowerSupply): Promise<void> {
    const { upper, work, mountPoint, disk } = this.#files;
    const directories = [upper, work, mountPoint, ...nodeDiskDirectories.map((one) => disk + one)];
    for (const directory of directories) await mkdir(directory, { recursive: true });
    await chmod(`${disk}/tmp`, 0o1777);
    const { name, addresses } = this.plan;
    const kubelet = await authority.issue({
      name,
      subject: `/O=system:nodes/CN=system:node:${name}`,
      hosts: [`DNS:${name}`, ...[...addresses, "127.0.0.1"].map((address) => `IP:${address}`)],
    });
    const copies = [
      ["/etc/resolv.conf", "/etc/resolv.conf"],
      [authority.certificatePath, nodePaths.authority],
      [kubelet.certificate, nodePaths.servingCertificate],
      [kubelet.key, nodePaths.servingKey],
      [programs.pause.path, nodePaths.init],
      [join(import.meta.dirname, "start-kubelet.sh"), nodePaths.startKubelet],
    ] as const;
    for (const [from, to] of copies) await install(upper, to, (path) => replaceFile(from, path));
    const files = nodeFiles(this.plan, {
      memoryMib: Math.floor(totalmem() / 1024 / 1024),
      sandboxImage: programs.pause.image.ref,
    });
    for (const [path, text] of Object.entries(files)) {
      await install(upper, path, (to) => writeFile(to, text));
    }
    for (const [path, user] of [
      [nodePaths.kubeletKubeconfig, kubelet],
      [nodePaths.kubeProxyKubeconfig, kubeProxy],
    ] as const) {
      await install(upper, path, (to) => writeKubeconfig(to, apiServerUrl, authority, user));
    }
  }

  async #boot({ programs }: PowerSupply): Promise<number> {
    const { upper, work, mountPoint, disk } = this.#files;
    const logPath = this.logPath("init");
    await rm(logPath, { force: true });
    await createCgroup(this.plan.name);
    const namespaces = ["--mount", "--uts", "--ipc", "--pid", "--net", "--cgroup"];
    await startInBackground(
      this.plan.name,
      [
        ...["unshare", ...namespaces, "--fork", "--propagation", "private"],
        ...["sh", join(import.meta.dirname, "node-init.sh"), this.plan.name],
        ...[programs.rootfs, upper, work, mountPoint, ...nodeBinds(disk, programs)],
      ],
      logPath,
    );
    await waitUntilReady({
      name: this.plan.name,
      logPath,
      isReady: async () => (await this.initPid()) !== undefined,
      isRunning: async () => (await processesOf(this.plan.name)).length > 0,
    });
    return this.#requireInit();
  }
}

async function install(
  upper: string,
  path: string,
  write: (path: string) => Promise<void>,
): Promise<void> {
  await mkdir(join(upper, dirname(path)), { recursive: true });
  await write(join(upper, path));
}

/** A program that runs cannot be written to, but it can be replaced. */
async function replaceFile(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await copyFile(from, to, constants.COPYFILE_EXCL);
}
