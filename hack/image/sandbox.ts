// SPDX-License-Identifier: Apache-2.0
/** Runs programs inside an unpacked root file system, as a container engine would. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../cache.ts";
import { run, type RunResult } from "../exec.ts";
import { repositoryPath } from "./repository.ts";

/**
 * The program and arguments that {@link runIn} runs, for callers that want the process itself. When it
 * is killed, everything inside is.
 */
export async function sandboxCommand(
  layers: readonly string[],
  shared: string,
  command: readonly string[],
): Promise<readonly [string, ...string[]]> {
  const mountpoint = join(cacheDirectory(), "sandbox");
  await mkdir(mountpoint, { recursive: true });
  const script = repositoryPath("hack/image/sandbox.sh");
  return ["sh", script, mountpoint, layers.join(":"), shared, ...command];
}

/**
 * Runs a command in the root file system that these directories make, the uppermost first. They stay
 * as they are: what the command writes is kept below `/shared` alone, the directory `shared` here.
 */
export async function runIn(
  layers: readonly string[],
  shared: string,
  command: readonly string[],
): Promise<RunResult> {
  const [program, ...args] = await sandboxCommand(layers, shared, command);
  return run(program, args);
}
