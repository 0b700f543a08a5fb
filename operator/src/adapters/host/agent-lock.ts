// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import { PortError } from "../../ports/errors.ts";

export interface LockOptions {
  readonly clock: Clock;
  /** Ends the waiting: the call rejects with its reason. */
  readonly signal: AbortSignal;
  readonly log: { warn(message: string): void };
}

const retryMs = 250;

/**
 * Waits until no other agent holds the node's lock, and takes it until the process ends, however it
 * ends. It is a lock on a file of the node's disk: every pod has its own names of abstract sockets.
 * Returns a function that gives the lock back.
 */
export async function lockAgent(path: string, options: LockOptions): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  // A number, and no object that closes its file when nobody thinks of it any more.
  const file = openSync(path, "a", 0o600);
  try {
    for (let attempt = 0; !(await tryLock(file)); attempt += 1) {
      if (attempt === 0) options.log.warn("another agent runs on this node: waiting for its end");
      await options.clock.sleep(retryMs, options.signal);
    }
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return () => closeSync(file);
}

/** The lock belongs to the open file, which is shared with the child and outlives it here. */
async function tryLock(file: number): Promise<boolean> {
  const child = spawn("flock", ["--exclusive", "--nonblock", "3"], {
    stdio: ["ignore", "ignore", "ignore", file],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code === 0) return true;
  if (code === 1) return false;
  throw new PortError("LockFailed", `flock ended with ${code}`);
}
