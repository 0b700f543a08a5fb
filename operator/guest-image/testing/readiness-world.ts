// SPDX-License-Identifier: Apache-2.0
/** The readiness program in a process and network namespace of its own, with a script for QEMU. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../src/testing/until.ts";
import { compiled } from "./compiled.ts";
import { FakeLibvirtd } from "./fake-libvirtd.ts";

const tickMilliseconds = 50;
const readinessPort = 10;

/** Answers on port 80 with the status that it reads, and on port 81 with nothing at all. */
const guestScript = `
  const { createServer } = require("node:http");
  let status = 200;
  process.stdin.on("data", (lines) => { status = Number(String(lines).trim().split("\\n").at(-1)); });
  createServer((request, response) => {
    console.log(request.method, request.url, JSON.stringify(request.headers));
    response.writeHead(status).end("hello");
  }).listen(80, "127.0.0.1", () => console.log("listening"));
  require("node:net").createServer(() => undefined).listen(81, "127.0.0.1");
`;

/** Runs what it is told until then. */
const podScript = `
  ip link set lo up
  mount -t tmpfs none /mnt
  mkdir /mnt/bin
  cp "$(command -v sleep)" /mnt/bin/qemu-system-x86_64
  "$PROGRAM" &
  while read order; do
    case $order in
      start) /mnt/bin/qemu-system-x86_64 1000 & qemu=$! ;;
      stop) kill -9 $qemu ;;
      *) ;;
    esac
  done
  exec sleep 1000
`;

export class ReadinessWorld {
  readonly libvirtd = new FakeLibvirtd();
  stderr = "";
  /** Lines of the guest's HTTP server: a request each. */
  requests: string[] = [];
  readonly #base: string;
  readonly #pod: ChildProcess;
  #guest: ChildProcess | undefined;

  private constructor(base: string, pod: ChildProcess) {
    this.#base = base;
    this.#pod = pod;
    pod.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** `definitions` go to the compiler as well. */
  static async start(definitions: readonly string[] = []): Promise<ReadinessWorld> {
    const base = await mkdtemp(join(tmpdir(), "readiness-"));
    const program = await compiled("readiness", [
      `-DTICK_MILLISECONDS=${tickMilliseconds}`,
      `-DPROBE_FILE="${probeLink}"`,
      ...definitions,
    ]);
    const namespaces = ["--pid", "--net", "--mount-proc", "--fork", "--kill-child"];
    const pod = spawn(
      "setpriv",
      ["--pdeathsig=KILL", "unshare", ...namespaces, "sh", "-c", podScript],
      {
        env: {
          PATH: process.env["PATH"],
          PROGRAM: program,
          XDG_RUNTIME_DIR: base,
          ASAN_OPTIONS: "detect_leaks=0",
        },
        cwd: base,
        stdio: ["pipe", "ignore", "pipe"],
      },
    );
    const world = new ReadinessWorld(base, pod);
    await mkdir(join(base, "libvirt"));
    await world.libvirtd.listen(join(base, "libvirt/libvirt-sock"));
    await until("the pod runs", async () => (await world.#insidePid()) > 0);
    return world;
  }

  /** Writes down the probe, as the kubelet does. */
  async probe(text: string): Promise<void> {
    await writeFile(join(this.#base, "probe.new"), text);
    await rename(join(this.#base, "probe.new"), join(this.#base, "probe"));
  }

  startGuest(): void {
    this.#pod.stdin?.write("start\n");
  }

  stopGuest(): void {
    this.#pod.stdin?.write("stop\n");
  }

  /** Starts the server that a guest would run; later calls change the status that it answers with. */
  async serveHttp(status: number): Promise<void> {
    if (this.#guest === undefined) {
      const namespace = `--net=/proc/${await this.#insidePid()}/ns/net`;
      const command = [
        "--pdeathsig=KILL",
        "nsenter",
        namespace,
        process.execPath,
        "-e",
        guestScript,
      ];
      this.#guest = spawn("setpriv", command, { stdio: ["pipe", "pipe", "inherit"] });
      this.#guest.stdout?.on("data", (chunk: Buffer) =>
        this.requests.push(...chunk.toString().trim().split("\n")),
      );
      await until("the guest serves", () => this.requests.length > 0);
      this.requests = [];
    }
    this.#guest.stdin?.write(`${status}\n`);
  }

  /** Whether the kubelet would find a listener. */
  async isReady(): Promise<boolean> {
    const table = await readFile(`/proc/${await this.#insidePid()}/net/tcp6`, "utf8");
    const port = readinessPort.toString(16).toUpperCase().padStart(4, "0");
    return new RegExp(`:${port} \\S+ 0A `).test(table);
  }

  async close(): Promise<void> {
    this.libvirtd.close();
    for (const process of [this.#guest, this.#pod]) {
      if (process === undefined) continue;
      const exited = once(process, "exit");
      process.kill("SIGKILL");
      await exited;
    }
    await rm(this.#base, { recursive: true });
  }

  async #insidePid(): Promise<number> {
    const { pid } = this.#pod;
    return Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim());
  }
}

/** Relative: the program is started in the test's directory. */
const probeLink = "probe";
