// SPDX-License-Identifier: Apache-2.0
/** Runs programs inside an unpacked root file system, as a container engine would. */
import { run, type RunResult } from "../exec.ts";
import { repositoryPath } from "./repository.ts";

/** The program and arguments that {@link runIn} runs, for callers that want the process itself. */
export function sandboxCommand(
  rootfs: string,
  shared: string,
  command: readonly string[],
): readonly [string, ...string[]] {
  return ["sh", repositoryPath("hack/image/sandbox.sh"), rootfs, shared, ...command];
}

/**
 * Runs a command in a root file system, which stays as it is: what the command writes is kept below
 * `/shared` alone, the directory `shared` of this machine.
 */
export async function runIn(
  rootfs: string,
  shared: string,
  command: readonly string[],
): Promise<RunResult> {
  const [program, ...args] = sandboxCommand(rootfs, shared, command);
  return run(program, args);
}
