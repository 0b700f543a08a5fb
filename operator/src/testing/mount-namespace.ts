// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mount } from "../ports/mounts.ts";
import type { PublishRequest } from "../ports/plugin-sockets.ts";

interface VolumeRequest {
  readonly kind: "publish" | "unpublish";
  readonly request: PublishRequest;
  /** The agent is killed after so many calls of its ports. */
  readonly callsMax?: number | undefined;
}

export type NamespaceRequest =
  | VolumeRequest
  | { readonly kind: "mounts" }
  | { readonly kind: "showBase"; readonly digest: string }
  | { readonly kind: "run"; readonly argv: readonly string[] };

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * A process in a mount namespace of its own, in which agents publish and unpublish volumes for real.
 * Needs root. Everything mounted there goes with the process.
 */
export class MountNamespace {
  /** Holds all files and mounts; seen from outside it is empty. */
  readonly base: string;
  readonly #child: ChildProcess;

  private constructor(base: string, child: ChildProcess) {
    this.base = base;
    this.#child = child;
  }

  static async start(): Promise<MountNamespace> {
    const base = await mkdtemp(join(tmpdir(), "mounts-"));
    const script = fileURLToPath(import.meta.resolve("./mount-namespace-child.ts"));
    const command = ["--mount", "--propagation", "private", process.execPath, script, base];
    const child = spawn("unshare", command, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(child, "message", { signal: AbortSignal.timeout(30_000) });
    return new MountNamespace(base, child);
  }

  /** What is mounted below {@link base}. */
  async mounts(): Promise<readonly Mount[]> {
    return (await this.#ask({ kind: "mounts" })) as readonly Mount[];
  }

  /** Runs a command in the namespace, and gives its exit code and what it wrote. */
  async run(
    ...argv: readonly string[]
  ): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    return (await this.#ask({ kind: "run", argv })) as Awaited<ReturnType<MountNamespace["run"]>>;
  }

  /** Starts an agent and lets it publish or unpublish; gives the number of its ports' calls. */
  async agent(
    kind: VolumeRequest["kind"],
    request: PublishRequest,
    callsMax?: number,
  ): Promise<number> {
    return (await this.#ask({ kind, request, callsMax })) as number;
  }

  /** Lets the guest's pods see an image of the node's cache. */
  async showBase(digest: string): Promise<void> {
    await this.#ask({ kind: "showBase", digest });
  }

  async close(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, "exit");
    await rmdir(this.base);
  }

  async #ask(request: NamespaceRequest): Promise<unknown> {
    const answered = once(this.#child, "message", { signal: AbortSignal.timeout(60_000) });
    this.#child.send(request);
    const [{ value, error }] = (await answered) as [Answer];
    if (error !== undefined) throw new Error(error);
    return value;
  }
}
