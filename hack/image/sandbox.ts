// SPDX-License-Identifier: Apache-2.0
/** Runs programs inside an unpacked root file system, as a container engine would. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../cache.ts";
import { run, type RunResult } from "../exec.ts";
import { repositoryPath } from "./repository.ts";

/** A root file system, and what of this machine is seen in it. */
export interface Sandbox {
  /** The directories that make it, the uppermost first. They stay as they are. */
  readonly layers: readonly string[];
  /** A directory of this machine, which keeps what is written to it. */
  readonly shared: string;
  /** Where that is inside. */
  readonly target: string;
}

/**
 * The program and arguments that run a command in a sandbox, for callers that want the process itself.
 * When it is killed, everything inside is.
 */
export async function sandboxCommand(
  { layers, shared, target }: Sandbox,
  command: readonly string[],
): Promise<readonly [string, ...string[]]> {
  const mountpoint = join(cacheDirectory(), "sandbox");
  await mkdir(mountpoint, { recursive: true });
  const script = repositoryPath("hack/image/sandbox.sh");
  return ["sh", script, mountpoint, layers.join(":"), shared, target, ...command];
}

/** Runs a command to its end in a sandbox of these layers, with the directory `shared` as `/shared`. */
export async function runIn(
  layers: readonly string[],
  shared: string,
  command: readonly string[],
): Promise<RunResult> {
  const [program, ...args] = await sandboxCommand({ layers, shared, target: "/shared" }, command);
  return run(program, args);
}
