// SPDX-License-Identifier: Apache-2.0
/** A server's pod without a cluster, for tests: the guest image with its init, as an unprivileged user. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, chmod, chown, copyFile, mkdir, mkdtemp, readFile } from "node:fs/promises";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTiny } from "../../../e2e/guests/tiny/build.ts";
import { run } from "../../../hack/exec.ts";
import { guestRootfs } from "../../../hack/image/guest.ts";
import { sandboxCommand } from "../../../hack/image/sandbox.ts";
import { systemClock } from "../../src/adapters/clock/system-clock.ts";
import { createLibvirtClient } from "../../src/adapters/libvirt/client.ts";
import { formatRecipe, type Recipe } from "../../src/core/guest/metadata/recipe.ts";
import type { LibvirtConnection } from "../../src/ports/libvirt.ts";
import { until } from "../../src/testing/until.ts";
import { domainXml, type Firmware } from "./guest-domain.ts";

/** Every server has a user of its own, which has no name in the image. */
export const uid = 104_711;
const unprivileged = [
  ...["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"],
  ...["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"],
];
/** How often a guest that boots is waited for anew: its processor may have much else to do. */
const bootPatience = 5;
/** What the kubelet gives a server pod that has a network: the ports, and the device of taps. */
const networked = `
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
mkdir /dev/net
ln -s /data/tun /dev/net/tun
exec "$@"
`;
// A change of user makes Linux forget that a process shall die with its parent.
const untilParentDies = "--pdeathsig=KILL";
const namespaces = ["--mount", "--pid", "--uts", "--ipc", "--root", "--wd=/"];

/** What the kubelet mounts for the pod's metadata program. */
interface Metadata {
  readonly recipe: Recipe;
  readonly secrets: Readonly<Record<string, string>>;
}

export class ServerPod {
  /** What is /data/run inside. */
  readonly runDirectory: string;
  /** What `kubectl logs` shows, of which standard output is the console alone. */
  stdout = "";
  stderr = "";
  /** What is /data inside, as the agent mounts it. */
  readonly directory: string;
  readonly #sandbox: ChildProcess;
  #libvirt: LibvirtConnection | undefined;
  #isTold = false;

  private constructor(data: string, sandbox: ChildProcess) {
    this.directory = data;
    this.#sandbox = sandbox;
    this.runDirectory = join(data, "run");
    sandbox.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    sandbox.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /**
   * Starts the pod and waits until libvirtd answers and the metadata, if any, are ready; its network is
   * this machine's, or none yet.
   */
  static async start(
    metadata?: Metadata,
    network: "shared" | "empty" = "shared",
  ): Promise<ServerPod> {
    const data = await mkdtemp(join(tmpdir(), "server-pod-"));
    await chmod(data, 0o755);
    for (const name of ["run", "vm"]) {
      await mkdir(join(data, name));
      await chown(join(data, name), uid, uid);
    }
    if (metadata !== undefined) await mountMetadata(join(data, "metadata"), metadata);
    const sandbox = { layers: [await guestRootfs()], shared: data, target: "/data" };
    const isolated = network === "empty";
    if (isolated) await run("mknod", ["-m", "666", join(data, "tun"), "c", "10", "200"]);
    const variables = ["-u", "HOME", "KILONOVA_METADATA_DIRECTORY=/data/metadata"];
    const init = ["env", ...variables, ...unprivileged, untilParentDies, "kilonova-init"];
    const inside = [...(isolated ? ["sh", "-euc", networked, "sh"] : []), ...init];
    const outside = [untilParentDies, ...(isolated ? ["unshare", "--net"] : [])];
    const command = [...outside, ...(await sandboxCommand(sandbox, inside))];
    const child = spawn("setpriv", command, { stdio: ["ignore", "pipe", "pipe"] });
    const pod = new ServerPod(data, child);
    try {
      await until("the pod is ready", () => pod.#isReady());
      await pod.connect();
      if (metadata !== undefined) await pod.#untilTold();
    } catch (error) {
      const log = await pod.readRunFile("libvirtd.log").catch(() => "");
      await pod.close();
      throw new Error(pod.stderr + log, { cause: error });
    }
    return pod;
  }

  get libvirt(): LibvirtConnection {
    if (this.#libvirt === undefined) throw new Error("libvirtd has not answered");
    return this.#libvirt;
  }

  /** Connects to libvirtd, again when it was started anew. */
  async connect(): Promise<LibvirtConnection> {
    const path = join(this.runDirectory, "libvirt/libvirt-sock");
    this.#libvirt?.close();
    this.#libvirt = await createLibvirtClient(systemClock).connect(path, { timeoutSeconds: 10 });
    return this.#libvirt;
  }

  async create(firmware: Firmware): Promise<void> {
    await this.libvirt.createDomain(domainXml(firmware, this.#isTold));
  }

  /** Starts the test guest by a firmware, or as a whole domain, and waits until it is up. */
  async boot(firmware: Firmware, xml = domainXml(firmware, this.#isTold)): Promise<void> {
    await this.insertDisk((await buildTiny()).qcow2);
    await this.libvirt.createDomain(xml);
    const isUp = (): boolean => this.stdout.includes("KILONOVA-GUEST up");
    // Other tests may want the processor too.
    for (let more = bootPatience; more > 0 && !isUp(); more -= 1) {
      await until("the guest is up", isUp).catch(() => undefined);
    }
    await until("the guest is up", isUp);
  }

  /** Gives the guest a copy of this disk. */
  async insertDisk(qcow2: string): Promise<void> {
    const disk = join(this.directory, "vm/disk.qcow2");
    await copyFile(qcow2, disk);
    await chown(disk, uid, uid);
  }

  async untilNextHeartbeat(): Promise<void> {
    const length = this.stdout.length;
    const hasBeaten = (): boolean => this.stdout.slice(length).includes("KILONOVA-GUEST hb ");
    await until("the heart beats", hasBeaten);
  }

  /** Writes a file in the guest's directory. */
  async writeFile(name: string, content: Uint8Array): Promise<void> {
    const path = join(this.directory, "vm", name);
    await writeFile(path, content);
    await chown(path, uid, uid);
  }

  /** Writes a file in the runtime directory, as the agent does. */
  writeRunFile(name: string, text: string): Promise<void> {
    return writeFile(join(this.runDirectory, name), text);
  }

  readRunFile(name: string): Promise<string> {
    return readFile(join(this.runDirectory, name), "utf8");
  }

  consoleLog(): Promise<string> {
    return readFile(join(this.directory, "vm/console.log"), "utf8");
  }

  /** The number of the guest's process inside. */
  async qemuPid(): Promise<number> {
    return Number(await readFile(join(this.runDirectory, "libvirt/qemu/run/guest.pid"), "utf8"));
  }

  /** Starts a program inside, as the pod's user: what `kubectl exec -i` does. */
  async exec(command: readonly string[]): Promise<ChildProcess> {
    const target = `--target=${await this.initPid()}`;
    return spawn("nsenter", [target, ...namespaces, ...unprivileged, ...command], {
      env: { PATH: "/usr/sbin:/usr/bin", XDG_RUNTIME_DIR: "/data/run", HOME: "/data/run/home" },
    });
  }

  /** kill -9 of a process that init started. */
  async kill(program: "libvirtd" | "console"): Promise<void> {
    const init = await this.initPid();
    const children = await readFile(`/proc/${init}/task/${init}/children`, "utf8");
    for (const pid of children.trim().split(" ").map(Number)) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      if (name.trim() === program) process.kill(pid, "SIGKILL");
    }
  }

  /** Asks the pod to end, as the kubelet does, and waits until it has. */
  async terminate(): Promise<void> {
    const exited = once(this.#sandbox, "close");
    process.kill(await this.initPid(), "SIGTERM");
    await exited;
  }

  /** Ends everything inside at once and removes what is left. */
  async close(): Promise<void> {
    this.#libvirt?.close();
    if (this.#sandbox.exitCode === null && this.#sandbox.signalCode === null) {
      this.#sandbox.kill("SIGKILL");
      await once(this.#sandbox, "exit");
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  async #untilTold(): Promise<void> {
    const path = join(this.runDirectory, "metadata-status");
    const status = (): Promise<string> => readFile(path, "utf8").catch(() => "");
    await until("the metadata are ready", async () => (await status()) === "ready\n");
    this.#isTold = true;
  }

  #isReady(): Promise<boolean> {
    return access(join(this.runDirectory, "ready")).then(
      () => true,
      () => false,
    );
  }

  /** The number of process 1 of the pod, as it is outside. */
  async initPid(): Promise<number> {
    const { pid } = this.#sandbox;
    return Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim());
  }
}

async function mountMetadata(directory: string, { recipe, secrets }: Metadata): Promise<void> {
  await mkdir(directory);
  const files = { recipe: formatRecipe(recipe), ...secrets };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
}
