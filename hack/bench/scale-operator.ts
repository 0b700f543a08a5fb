// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  heartbeatNamespace,
  systemNamespace,
} from "../../operator/src/testing/access/identities.ts";
import { MemoryLimit, operatorMemoryLimit } from "./memory-limit.ts";
import type { LoneApiServer } from "../cluster/apiserver-only.ts";

const repository = join(import.meta.dirname, "../..");
const accountDirectory = "/run/secrets/kubernetes.io/serviceaccount";
const healthPort = 18_080;
const memoryGroup = "kilonova-bench-operator";

/** Warmed by the first operator, as it is when the image is made. */
const compileCache = join(tmpdir(), "kilonova-bench-compile-cache");

/** Node's flags in the product's image. */
async function imageFlags(): Promise<string[]> {
  const dockerfile = await readFile(join(repository, "operator/Dockerfile"), "utf8");
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1];
  if (entrypoint === undefined) throw new Error("operator/Dockerfile has no ENTRYPOINT");
  const [, ...flags] = JSON.parse(entrypoint) as string[];
  return flags;
}

/** Shows the program the service account where the kubelet would mount it, and limits its memory. */
const podScript = `
set -eu
echo $$ > "$MEMORY_GROUP/cgroup.procs"
mount -t tmpfs run /run
mkdir -p ${accountDirectory}
mount --bind "$ACCOUNT" ${accountDirectory}
exec "$@"
`;

export interface OperatorMetrics {
  /** Writes so far, by kind. */
  readonly writes: Readonly<Record<string, number>>;
  /** Garbage that was not collected yet included. */
  readonly heapMib: number;
}

/** The operator as a process of its own, with the rights of its service account. Needs root. */
export class ScaleOperator {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #memory: MemoryLimit;

  private constructor(child: ChildProcess, directory: string, memory: MemoryLimit) {
    this.#child = child;
    this.#directory = directory;
    this.#memory = memory;
  }

  /** `arguments_` are Node's; what it says goes to the file. */
  static async start(
    server: LoneApiServer,
    { logPath, arguments_ }: { readonly logPath: string; readonly arguments_: readonly string[] },
  ): Promise<ScaleOperator> {
    const directory = await mkdtemp(join(tmpdir(), "scale-operator-"));
    const account = ["kilonova-operator", "--namespace", systemNamespace, "--duration=12h"];
    const { stdout: token } = await server.kubectl(["create", "token", ...account]);
    await mkdir(join(directory, "account"));
    await writeFile(join(directory, "account/token"), token.trim());
    await copyFile(server.caPath, join(directory, "account/ca.crt"));
    const { hostname, port } = new URL(server.url);
    const node = join(repository, "node_modules/.bin/node");
    const flags = [...(await imageFlags()), ...arguments_];
    const program = [node, ...flags, join(repository, "operator/src/bin/operator.ts")];
    const isolated = ["unshare", "--mount", "--propagation=private", "sh", "-c", podScript, "sh"];
    const memory = await MemoryLimit.create(memoryGroup, await operatorMemoryLimit());
    const child = spawn("setpriv", ["--pdeathsig=KILL", ...isolated, ...program], {
      env: {
        PATH: process.env["PATH"],
        NODE_ENV: "production",
        NODE_COMPILE_CACHE: compileCache,
        ACCOUNT: join(directory, "account"),
        MEMORY_GROUP: memory.directory,
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        KILONOVA_NAMESPACE: systemNamespace,
        KILONOVA_HEARTBEAT_NAMESPACE: heartbeatNamespace,
        KILONOVA_POD_NAME: "operator-1",
        KILONOVA_GUEST_IMAGE: "registry.example.org/guest:1",
        KILONOVA_SERVER_PRIORITY_CLASS: "kilonova-servers",
        KILONOVA_HEALTH_HOST: "127.0.0.1",
        KILONOVA_HEALTH_PORT: String(healthPort),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(logPath, { flags: "a" });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    return new ScaleOperator(child, directory, memory);
  }

  get pid(): number {
    this.assertRuns();
    return this.#child.pid ?? 0;
  }

  /** Throws when it has ended. */
  assertRuns(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`the operator has ended with ${exitCode ?? signalCode}; its log says why`);
  }

  /** What it says of itself. */
  async metrics(): Promise<OperatorMetrics> {
    const answer = await fetch(`http://127.0.0.1:${healthPort}/metrics`);
    const writes: Record<string, number> = {};
    let heapBytes = 0;
    for (const line of (await answer.text()).split("\n")) {
      const heap = /^nodejs_heap_size_used_bytes (\d+)$/.exec(line);
      if (heap !== null) heapBytes = Number(heap[1]);
      const found = /^kilonova_api_writes_total\{kind="(\w+)",.*\} (\d+)$/.exec(line);
      if (found === null) continue;
      const [, kind = "", count] = found;
      writes[kind] = (writes[kind] ?? 0) + Number(count);
    }
    return { writes, heapMib: heapBytes / 2 ** 20 };
  }

  /** Ends it as the kubelet does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await exit;
    }
    await rm(this.#directory, { recursive: true, force: true });
    await this.#memory.remove();
  }
}
