// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { PortError } from "../../ports/errors.ts";

/** Holds the lock until the process ends, however it ends. */
export interface AgentLock {
  release(): void;
}

/**
 * Takes the node's lock for agents, or gives undefined while another agent has it. It is a lock on a
 * file of the node's disk: an abstract socket would be as good, but every pod has its own names of
 * those.
 */
export async function tryLockAgent(path: string): Promise<AgentLock | undefined> {
  mkdirSync(dirname(path), { recursive: true });
  // A number, and no object that closes its file when nobody thinks of it any more.
  const file = openSync(path, "a", 0o600);
  if (await tryLock(file)) return { release: () => closeSync(file) };
  closeSync(file);
  return undefined;
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
