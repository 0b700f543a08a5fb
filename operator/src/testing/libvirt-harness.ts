// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { until } from "./until.ts";

/** The user that libvirtd and QEMU run as: any but root, as in a server pod. */
const uid = 1007;
const deadlineMs = 30_000;

/** Removes the sandbox's directory after the sandbox, also when the test run was killed. */
const outerScript = `
trap '' HUP INT TERM
unshare --mount --pid --net --ipc --uts --fork --kill-child sh -c "$SANDBOX"
rm -rf "$BASE"
`;

/**
 * Makes a root of the guest image's files, with a writable layer in memory and the few devices that
 * a restricted pod has, and of a tap as the agent makes it. Process 1 reaps there, and ends, and everything with it, when its standard
 * input does: when the test run ends, however it ends.
 */
const sandboxScript = `
set -eu
mount --make-rprivate /
mount -t tmpfs sandbox "$BASE/sandbox"
cd "$BASE/sandbox"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$ROOTFS,upperdir=$PWD/upper,workdir=$PWD/work" root
cd root
mkdir -p proc sys dev tmp run data
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/shm
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mkdir dev/net
mknod -m 666 dev/net/tun c 10 200
ip tuntap add dev tap0 mode tap user "$USER_ID" vnet_hdr
ip tuntap add dev tap0-queues mode tap user "$USER_ID" vnet_hdr multi_queue
chmod 1777 tmp dev/shm
rm etc/passwd etc/group
printf '%s\\n' "root:x:0:0::/:/bin/sh" "vm:x:$USER_ID:$USER_ID::/data/home:/bin/sh" > etc/passwd
printf '%s\\n' "root:x:0:" "vm:x:$USER_ID:" > etc/group
mount --bind "$BASE/data" data
exec 3<&0
exec chroot . /bin/sh -c 'echo ready; cat <&3 >/dev/null & wait $!'
`;

const shippedSettings = join(import.meta.dirname, "../../guest-image/etc");

/** A real libvirtd in session mode, alone in its own namespaces. Needs root to make them. */
export class LibvirtHarness {
  /** The daemon's socket, as this process sees it. */
  readonly socketPath: string;
  /** What is /data inside, as this process sees it. */
  readonly dataDirectory: string;
  readonly #sandbox: ChildProcess;
  readonly #sandboxPid: number;
  #daemon: ChildProcess | undefined;

  private constructor(base: string, sandbox: ChildProcess, sandboxPid: number) {
    this.#sandbox = sandbox;
    this.#sandboxPid = sandboxPid;
    this.dataDirectory = join(base, "data");
    this.socketPath = join(this.dataDirectory, "run/libvirt/libvirt-sock");
  }

  /** Makes the sandbox over the guest image's files, which stay as they are, and starts the daemon. */
  static async start(rootfs: string): Promise<LibvirtHarness> {
    const base = await mkdtemp(join(tmpdir(), "libvirt-"));
    await mkdir(join(base, "sandbox"));
    await makeData(join(base, "data"));
    const { PATH } = process.env;
    const sandbox = spawn("sh", ["-c", outerScript], {
      env: { PATH, SANDBOX: sandboxScript, BASE: base, ROOTFS: rootfs, USER_ID: String(uid) },
      stdio: ["pipe", "pipe", "inherit"],
    });
    await untilReady(sandbox, sandbox.stdout);
    const pid = await onlyChildOf(await onlyChildOf(pidOf(sandbox)));
    const harness = new LibvirtHarness(base, sandbox, pid);
    try {
      await harness.startDaemon();
    } catch (error) {
      await harness.close();
      throw error;
    }
    return harness;
  }

  /** Starts the daemon and waits until it answers. */
  async startDaemon(): Promise<void> {
    const unprivileged = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
    const powerless = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"];
    const command = ["setpriv", ...unprivileged, ...powerless, "libvirtd"];
    this.#daemon = this.#spawnInside(command);
    await until("libvirtd listens", () => accepts(this.socketPath)).catch(async (error) => {
      throw new Error(await readFile(join(this.dataDirectory, "libvirtd.log"), "utf8"), {
        cause: error,
      });
    });
  }

  /** kill -9 of the daemon; its domains live on. */
  async killDaemon(): Promise<void> {
    if (this.#daemon === undefined) throw new Error("no daemon runs");
    process.kill(await onlyChildOf(pidOf(this.#daemon)), "SIGKILL");
    await once(this.#daemon, "exit");
    this.#daemon = undefined;
  }

  /** Writes /data/vm/`name`, owned by the user that QEMU runs as. */
  async writeFile(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.dataDirectory, "vm", name);
    await writeFile(path, bytes);
    await chown(path, uid, uid);
  }

  /** The number of the domain's QEMU process inside, or undefined when libvirt keeps none. */
  async qemuPid(domainName: string): Promise<number | undefined> {
    const path = join(this.dataDirectory, "run/libvirt/qemu/run", `${domainName}.pid`);
    const text = await readFile(path, "utf8").catch(() => undefined);
    return text === undefined ? undefined : Number(text);
  }

  async killQemu(domainName: string): Promise<void> {
    const pid = await this.qemuPid(domainName);
    await once(this.#spawnInside(["sh", "-c", `kill -9 ${pid}`]), "exit");
  }

  /** Ends every process inside and removes what is left. */
  async close(): Promise<void> {
    this.#sandbox.stdin?.end();
    await once(this.#sandbox, "exit");
  }

  #spawnInside(command: readonly string[]): ChildProcess {
    const namespaces = ["--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd"];
    return spawn("nsenter", [`--target=${this.#sandboxPid}`, ...namespaces, ...command], {
      env: { PATH: "/usr/sbin:/usr/bin", HOME: "/data/home", XDG_RUNTIME_DIR: "/data/run" },
      stdio: ["ignore", "inherit", "inherit"],
    });
  }
}

async function makeData(data: string): Promise<void> {
  const settings = join(data, "home/.config/libvirt");
  const directories = ["home/.config/libvirt", "home/.config", "home", "run", "vm", ""];
  await mkdir(settings, { recursive: true });
  await mkdir(join(data, "run"));
  await mkdir(join(data, "vm"));
  await copyFile(join(shippedSettings, "qemu.conf"), join(settings, "qemu.conf"));
  const libvirtd = await readFile(join(shippedSettings, "libvirtd.conf"), "utf8");
  await writeFile(join(settings, "libvirtd.conf"), watchful(libvirtd));
  for (const directory of directories) await chown(join(data, directory), uid, uid);
}

/** The settings of a daemon that watches its clients closely: one that answers no ping is found. */
function watchful(settings: string): string {
  return settings
    .replace(/^keepalive_interval = .*$/m, "keepalive_interval = 1")
    .replace(/^keepalive_count = .*$/m, "keepalive_count = 2")
    .replace(/^log_outputs = .*$/m, 'log_outputs = "3:file:/data/libvirtd.log"');
}

async function untilReady(sandbox: ChildProcess, stdout: Readable): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  const ended = once(sandbox, "exit", { signal }).then(() => {
    throw new Error("the sandbox could not be made");
  });
  await Promise.race([once(stdout, "data", { signal }), ended]);
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("the process was not started");
  return pid;
}

async function onlyChildOf(pid: number): Promise<number> {
  return Number(await readFile(`/proc/${pid}/task/${pid}/children`, "utf8"));
}

function accepts(socketPath: string): Promise<boolean> {
  const socket = createConnection(socketPath);
  return new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
