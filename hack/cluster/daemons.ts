// SPDX-License-Identifier: Apache-2.0
/** Processes that stay when the command that started them ends. */
import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createCgroup, inCgroup, processesOf } from "./cgroups.ts";

const pollMilliseconds = 50;
const startupSecondsMax = 60;
const quotedLinesMax = 15;

/** A program that is being started. */
export interface Startup {
  readonly name: string;
  readonly logPath: string;
  /** Whether it serves. */
  readonly isReady: () => Promise<boolean>;
  readonly isRunning: () => Promise<boolean>;
}

/** A part of the control plane: a program that runs on the host in a control group of its own name. */
export interface Daemon extends Omit<Startup, "isRunning"> {
  readonly argv: readonly string[];
}

/** Starts a daemon unless it runs, and returns when it is ready. */
export async function ensureDaemon(daemon: Daemon): Promise<void> {
  const isRunning = (): Promise<boolean> => isDaemonRunning(daemon.name);
  if (!(await isRunning())) {
    await createCgroup(daemon.name);
    await startInBackground(daemon.name, daemon.argv, daemon.logPath);
  }
  await waitUntilReady({ ...daemon, isRunning });
}

export async function isDaemonRunning(name: string): Promise<boolean> {
  return (await processesOf(name)).length > 0;
}

/**
 * Starts a program in a control group and in a session of its own, with its output appended to a log
 * file. It is in its group when this returns, so it cannot be lost from sight.
 */
export async function startInBackground(
  cgroup: string,
  argv: readonly string[],
  logPath: string,
): Promise<void> {
  const [program = "", ...args] = inCgroup(cgroup, ["sh", "-c", '"$@" &', "background", ...argv]);
  const log = openSync(logPath, "a");
  try {
    // At the root, so that no working directory is held that its owner may want to remove.
    const options: SpawnOptions = { stdio: ["ignore", log, log], detached: true, cwd: "/" };
    const shell = spawn(program, args, options);
    await once(shell, "exit");
  } finally {
    closeSync(log);
  }
}

/** Waits until a program serves. Throws with the end of its log when it dies or takes too long. */
export async function waitUntilReady(startup: Startup): Promise<void> {
  const deadline = performance.now() + startupSecondsMax * 1000;
  while (!(await startup.isReady())) {
    if (!(await startup.isRunning())) throw await failure(startup, "ended");
    if (performance.now() > deadline) {
      throw await failure(startup, `is not ready after ${startupSecondsMax} s`);
    }
    await sleep(pollMilliseconds);
  }
}

async function failure({ name, logPath }: Startup, what: string): Promise<Error> {
  const lines = (await readFile(logPath, "utf8")).trimEnd().split("\n");
  return new Error(`${name} ${what}; ${logPath}:\n${lines.slice(-quotedLinesMax).join("\n")}`);
}
