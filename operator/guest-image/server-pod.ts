// SPDX-License-Identifier: Apache-2.0
/** A server's pod without a cluster, for tests: the guest image with its init, as an unprivileged user. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestRootfs } from "../../hack/image/guest.ts";
import { sandboxCommand } from "../../hack/image/sandbox.ts";
import { until } from "../src/testing/until.ts";

/** Every server has a user of its own, which has no name in the image. */
const uid = 104_711;
const unprivileged = [
  "setpriv",
  `--reuid=${uid}`,
  `--regid=${uid}`,
  "--clear-groups",
  "--bounding-set=-all",
  "--inh-caps=-all",
  "--no-new-privs",
];

export class ServerPod {
  /** What is /data/run and /data/vm inside. */
  readonly runDirectory: string;
  readonly vmDirectory: string;
  /** What `kubectl logs` would show: standard output and standard error of everything inside. */
  stdout = "";
  stderr = "";
  readonly #data: string;
  readonly #sandbox: ChildProcess;

  private constructor(data: string, sandbox: ChildProcess) {
    this.#data = data;
    this.#sandbox = sandbox;
    this.runDirectory = join(data, "run");
    this.vmDirectory = join(data, "vm");
    sandbox.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    sandbox.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Starts the pod; it is ready when libvirtd answers. */
  static async start(): Promise<ServerPod> {
    const data = await mkdtemp(join(tmpdir(), "server-pod-"));
    await chmod(data, 0o755);
    for (const name of ["run", "vm"]) {
      await mkdir(join(data, name));
      await chown(join(data, name), uid, uid);
    }
    const sandbox = { layers: [await guestRootfs()], shared: data, target: "/data" };
    const init = ["env", "-u", "HOME", ...unprivileged, "kilonova-init"];
    const [program, ...args] = await sandboxCommand(sandbox, init);
    const pod = new ServerPod(data, spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] }));
    await until("the pod is ready", () => pod.hasRunFile("ready")).catch(async (error) => {
      await pod.close();
      throw new Error(pod.stderr, { cause: error });
    });
    return pod;
  }

  /** Puts a copy of a file into the guest's directory. */
  async addFile(path: string, name: string): Promise<void> {
    await copyFile(path, join(this.vmDirectory, name));
    await chown(join(this.vmDirectory, name), uid, uid);
  }

  hasRunFile(name: string): Promise<boolean> {
    return readFile(join(this.runDirectory, name)).then(
      () => true,
      () => false,
    );
  }

  /** Starts a program inside, as the pod's user: what `kubectl exec -i` does. */
  async exec(command: readonly string[]): Promise<ChildProcess> {
    const namespaces = ["--mount", "--pid", "--uts", "--ipc", "--root", "--wd=/"];
    const target = `--target=${await this.#initPid()}`;
    return spawn("nsenter", [target, ...namespaces, ...unprivileged, ...command], {
      env: { PATH: "/usr/sbin:/usr/bin", XDG_RUNTIME_DIR: "/data/run", HOME: "/data/run/home" },
    });
  }

  /** Asks the pod to end, as the kubelet does, and waits until it has. */
  async terminate(): Promise<void> {
    process.kill(await this.#initPid(), "SIGTERM");
    await once(this.#sandbox, "exit");
  }

  /** Ends everything inside at once and removes what is left. */
  async close(): Promise<void> {
    if (this.#sandbox.exitCode === null && this.#sandbox.signalCode === null) {
      this.#sandbox.kill("SIGKILL");
      await once(this.#sandbox, "exit");
    }
    await rm(this.#data, { recursive: true, force: true });
  }

  async #initPid(): Promise<number> {
    const outside = this.#sandbox.pid;
    const children = await readFile(`/proc/${outside}/task/${outside}/children`, "utf8");
    return Number(children.trim());
  }
}
