// SPDX-License-Identifier: Apache-2.0
/** The metadata program with a recipe and Secrets of the test, and a stand-in for what makes disk images. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { formatRecipe, type Recipe } from "../../src/core/guest/metadata/recipe.ts";
import { until } from "../../src/testing/until.ts";

/** Replaced by the directory of the stand-ins at compile time, which is the same for all tests. */
export const fakesRoot = "/tmp/kilonova-metadata-fakes";

/** Leaves a copy of the tree in the place of the image, which the last two arguments name. */
const xorrisoScript = `image= tree=
for argument; do image=$tree tree=$argument; done
[ ! -e "$KILONOVA_METADATA_DIRECTORY/no-image" ] || exit 3
mkdir "$image"
cp -r "$tree/." "$image"`;

interface Answer {
  readonly status: string;
  readonly headers: string;
  readonly body: Buffer;
}

export class MetadataWorld {
  readonly directory: string;
  stderr = "";
  readonly #port: number;
  readonly #program: string;
  #process: ChildProcessByStdio<null, null, Readable> | undefined;

  private constructor(program: string, directory: string, port: number) {
    this.#program = program;
    this.directory = directory;
    this.#port = port;
  }

  static async prepare(program: string): Promise<MetadataWorld> {
    const directory = await mkdtemp(join(tmpdir(), "metadata-"));
    for (const name of ["vm", "run", "metadata", "tmp"]) await mkdir(join(directory, name));
    return new MetadataWorld(program, directory, await freePort());
  }

  static async makeFakes(): Promise<void> {
    const path = join(fakesRoot, "usr/bin/xorriso");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh -eu\n${xorrisoScript}\n`);
    await chmod(path, 0o755);
  }

  /** What the kubelet mounts: the recipe, or any other text, and values of Secrets. */
  async mount(recipe: Recipe | string, secrets: Readonly<Record<string, string | Buffer>> = {}) {
    const text = typeof recipe === "string" ? recipe : formatRecipe(recipe);
    await writeFile(join(this.directory, "metadata/recipe"), text);
    for (const [name, value] of Object.entries(secrets)) await this.addSecret(name, value);
  }

  addSecret(name: string, value: string | Buffer): Promise<void> {
    return writeFile(join(this.directory, "metadata", name), value);
  }

  start(): void {
    const command = ["--pdeathsig=KILL", this.#program];
    this.#process = spawn("setpriv", command, {
      env: {
        PATH: process.env["PATH"],
        TMPDIR: join(this.directory, "tmp"),
        XDG_RUNTIME_DIR: join(this.directory, "run"),
        KILONOVA_GUEST_DIRECTORY: join(this.directory, "vm"),
        KILONOVA_METADATA_DIRECTORY: join(this.directory, "metadata"),
        KILONOVA_METADATA_ADDRESS: "127.0.0.1",
        KILONOVA_METADATA_PORT: String(this.#port),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  async started(): Promise<this> {
    this.start();
    await until("the metadata are ready", async () => (await this.status()) === "ready\n");
    return this;
  }

  status(): Promise<string> {
    return readFile(join(this.directory, "run/metadata-status"), "utf8").catch(() => "");
  }

  /** A file of the drive, which the stand-in leaves as a directory. */
  driveFile(path: string): Promise<Buffer> {
    return readFile(join(this.directory, "vm/config-drive", path));
  }

  async get(path: string): Promise<Answer> {
    return parse(await this.send(`GET ${path} HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n`));
  }

  /** Sends the bytes and returns all that comes until the end. */
  async send(request: string | Buffer): Promise<Buffer> {
    const socket = await this.connect();
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.end(request);
    await new Promise((resolve) => void socket.once("close", resolve));
    return Buffer.concat(chunks);
  }

  /** The service listens a moment after the metadata are ready. */
  async connect(): Promise<Socket> {
    let socket: Socket | undefined;
    await until("the service listens", async () => {
      const attempt = createConnection(this.#port, "127.0.0.1");
      const isOpen = once(attempt, "connect").then(
        () => true,
        () => false,
      );
      attempt.on("error", () => undefined);
      if (await isOpen) socket = attempt;
      return socket !== undefined;
    });
    if (socket === undefined) throw new Error("until() ends with a socket");
    return socket;
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || !this.isRunning) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function parse(answer: Buffer): Answer {
  const end = answer.indexOf("\r\n\r\n");
  const [status = "", ...headers] = answer.subarray(0, end).toString().split("\r\n");
  return { status, headers: headers.join("\n"), body: answer.subarray(end + 4) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
