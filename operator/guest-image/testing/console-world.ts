// SPDX-License-Identifier: Apache-2.0
/** `console serve`, with this process in the place of QEMU. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { until } from "../../src/testing/until.ts";

/** One end of a byte stream, with all that came from it. */
export class Peer {
  received = "";
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => (this.received += chunk.toString("latin1")));
    socket.on("error", () => undefined);
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** Waits until the text came. */
  async untilReceived(text: string): Promise<void> {
    await until(`the console says ${JSON.stringify(text)}`, () => this.received.includes(text));
  }
}

export class ConsoleWorld {
  readonly directory: string;
  /** What `kubectl logs` would show. */
  stdout = "";
  stderr = "";
  readonly env: NodeJS.ProcessEnv;
  readonly #server: ChildProcessByStdio<null, Readable, Readable>;

  private constructor(program: string, directory: string) {
    this.directory = directory;
    this.env = {
      PATH: process.env["PATH"],
      XDG_RUNTIME_DIR: directory,
      KILONOVA_GUEST_DIRECTORY: directory,
    };
    const command = ["--pdeathsig=KILL", program, "serve"];
    this.#server = spawn("setpriv", command, {
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#server.stdout.on("data", (chunk: Buffer) => (this.stdout += chunk.toString("latin1")));
    this.#server.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  static async start(program: string, directory?: string): Promise<ConsoleWorld> {
    const chosen = directory ?? (await mkdtemp(join(tmpdir(), "console-")));
    const world = new ConsoleWorld(program, chosen);
    await until("the console listens", () => world.#isListening());
    return world;
  }

  /** Connects in the place of QEMU. */
  connectGuest(): Promise<Peer> {
    return this.#connect("serial0.sock");
  }

  /** Connects as one who watches. */
  connectClient(): Promise<Peer> {
    return this.#connect("console.sock");
  }

  /** Nobody takes the standard output any more, as when the container runtime hangs. */
  blockStdout(): void {
    this.#server.stdout.pause();
  }

  unblockStdout(): void {
    this.#server.stdout.resume();
  }

  /** Takes and gives nothing from now on, but lives: who connects is not seen. */
  freeze(): void {
    this.#server.kill("SIGSTOP");
  }

  /** The log in the guest's directory, or the part before it. */
  log(name: "console.log" | "console.log.1" = "console.log"): Promise<string> {
    return readFile(join(this.directory, name), "latin1").catch(() => "");
  }

  async kill(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    this.#server.kill("SIGKILL");
    await once(this.#server, "exit");
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #connect(name: string): Promise<Peer> {
    const socket = createConnection(join(this.directory, name));
    await once(socket, "connect");
    return new Peer(socket);
  }

  async #isListening(): Promise<boolean> {
    return this.connectClient().then(
      (peer) => peer.socket.destroy().destroyed,
      () => false,
    );
  }
}
