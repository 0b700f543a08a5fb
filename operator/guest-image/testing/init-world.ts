// SPDX-License-Identifier: Apache-2.0
/** Init in a process namespace of its own, with shell scripts for libvirtd, QEMU and the console. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../../hack/exec.ts";
import { until } from "../../src/testing/until.ts";
import { FakeLibvirtd } from "./fake-libvirtd.ts";

// The script's name is what the kernel shows as the name of the process.
const qemuScript = `
trap 'exit 0' TERM
echo $$ > "$XDG_RUNTIME_DIR/qemu.pid"
while [ ! -e "$XDG_RUNTIME_DIR/power-off" ]; do sleep 0.02; done
`;
const libvirtdScript = `
echo started >> "$XDG_RUNTIME_DIR/libvirtd.starts"
echo $$ > "$XDG_RUNTIME_DIR/libvirtd.pid"
if [ ! -e "$XDG_RUNTIME_DIR/qemu.pid" ] && [ -n "$WITH_GUEST" ]; then
  # Like libvirt, without a parent but process 1.
  (setsid "$FAKES/usr/bin/qemu-system-x86_64" > /dev/null 2>&1 &)
fi
exec sleep 1000
`;
const consoleScript = `exec sleep 1000`;

/** Where init sees the scripts: the root that it is to be compiled with. */
export const fakesRoot = "/mnt";

export interface InitOptions {
  readonly isGuestRunning: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export class InitWorld {
  readonly libvirtd = new FakeLibvirtd();
  readonly runDirectory: string;
  stderr = "";
  readonly #unshare: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(program: string, fakes: string, runDirectory: string, options: InitOptions) {
    this.runDirectory = runDirectory;
    // The guest powers off when its button is pressed.
    this.libvirtd.onPowerButton = () => void this.write("power-off", "");
    const namespaces = ["--pid", "--net", "--mount-proc", "--fork", "--kill-child"];
    const script = `mount --bind "$FAKES" ${fakesRoot} && exec ${program}`;
    const command = ["--pdeathsig=KILL", "unshare", ...namespaces, "sh", "-c", script];
    this.#unshare = spawn("setpriv", command, {
      env: {
        PATH: process.env["PATH"],
        FAKES: fakes,
        XDG_RUNTIME_DIR: runDirectory,
        WITH_GUEST: options.isGuestRunning ? "yes" : "",
        // A static program that process 1 of a namespace runs needs no check for leaks.
        ASAN_OPTIONS: "detect_leaks=0",
        ...options.env,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#unshare.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#exited = once(this.#unshare, "exit");
  }

  /** Starts init with the scripts in the directory `fakes`. */
  static async start(program: string, fakes: string, options: InitOptions): Promise<InitWorld> {
    const runDirectory = await mkdtemp(join(fakes, "run-"));
    await mkdir(join(runDirectory, "libvirt"));
    const world = new InitWorld(program, fakes, runDirectory, options);
    await world.libvirtd.listen(join(runDirectory, "libvirt/libvirt-sock"));
    await until("init is ready", async () => (await world.read("ready")) !== undefined);
    if (options.isGuestRunning) {
      await until("the guest runs", async () => Boolean(await world.read("qemu.pid")));
    }
    return world;
  }

  /** Writes the scripts, and what init copies, below a directory. */
  static async makeFakes(fakes: string): Promise<void> {
    const scripts = {
      "usr/sbin/libvirtd": libvirtdScript,
      "usr/bin/qemu-system-x86_64": qemuScript,
      "usr/bin/console": consoleScript,
      "usr/bin/kilonova-metadata": consoleScript,
      "usr/bin/kilonova-dhcp": consoleScript,
      "usr/bin/kilonova-readiness": consoleScript,
    };
    const files = {
      "etc/libvirt/qemu.conf": 'security_driver = "none"\n',
      "usr/share/kilonova/capabilities/abc.xml": [
        "<qemuCaps>",
        "  <emulator>/usr/bin/qemu-system-x86_64</emulator>",
        "  <qemuctime>1</qemuctime>",
        "  <qemumoddirmtime>2</qemumoddirmtime>",
        "  <selfctime>3</selfctime>",
        "  <selfvers>11003000</selfvers>",
        "</qemuCaps>",
        "",
      ].join("\n"),
      "usr/lib/x86_64-linux-gnu/qemu/module.so": "",
    };
    for (const [path, text] of [...Object.entries(scripts), ...Object.entries(files)]) {
      const isScript = path in scripts;
      await mkdir(dirname(join(fakes, path)), { recursive: true });
      await writeFile(join(fakes, path), isScript ? `#!/bin/sh\n${text}` : text);
      if (isScript) await chmod(join(fakes, path), 0o755);
    }
  }

  /** A file in the runtime directory, or undefined when it is not there. */
  read(name: string): Promise<string | undefined> {
    return readFile(join(this.runDirectory, name), "utf8").catch(() => undefined);
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.runDirectory, name), text);
  }

  remove(name: string): Promise<void> {
    return rm(join(this.runDirectory, name));
  }

  /** kill -9 of the process that wrote its number, as it is inside, to a file. */
  async kill(pidFile: "libvirtd.pid" | "qemu.pid"): Promise<void> {
    const pid = Number(await this.read(pidFile));
    await run("nsenter", [...(await this.#inside()), "sh", "-c", `kill -9 ${pid}`]);
  }

  async terminate(): Promise<void> {
    process.kill(await this.#initPid(), "SIGTERM");
  }

  get hasEnded(): boolean {
    return this.#unshare.exitCode !== null;
  }

  /** Init's exit code once it ended. */
  async ended(): Promise<number | null> {
    await this.#exited;
    return this.#unshare.exitCode;
  }

  async close(): Promise<void> {
    this.libvirtd.close();
    if (!this.hasEnded) this.#unshare.kill("SIGKILL");
    await this.#exited;
  }

  /** Name and state of every process inside: `qemu-system-x86 (sleeping)`, `sleep (zombie)`. */
  async processes(): Promise<string[]> {
    // A process may end while it is looked at.
    const script = "cat /proc/[0-9]*/status 2> /dev/null || true";
    const { stdout } = await run("nsenter", [...(await this.#inside()), "sh", "-c", script]);
    const pattern = /^Name:\t(.+)\n(?:.+\n)*?State:\t. (\(.+\))$/gm;
    return [...stdout.matchAll(pattern)].map(([, name, state]) => `${name} ${state}`);
  }

  async #inside(): Promise<string[]> {
    return ["--pid", "--mount", `--target=${await this.#initPid()}`];
  }

  async #initPid(): Promise<number> {
    const { pid } = this.#unshare;
    return Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim());
  }
}
