// SPDX-License-Identifier: Apache-2.0
/** Mutual exclusion between processes of one machine. */
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const pollMilliseconds = 100;

/**
 * Runs `act` while no other process on this machine holds the lock of that name, waiting as long as it
 * takes. The lock is a bound abstract socket: the kernel frees it when its holder dies, so nothing
 * stale can ever stand in the way.
 */
export async function withLock<T>(name: string, act: () => Promise<T>): Promise<T> {
  let holder = await tryBind(name);
  if (holder === undefined)
    process.stderr.write(`waiting for another process to release ${name}\n`);
  while (holder === undefined) {
    await sleep(pollMilliseconds);
    holder = await tryBind(name);
  }
  try {
    return await act();
  } finally {
    holder.close();
  }
}

function tryBind(name: string): Promise<Server | undefined> {
  const server = createServer((connection) => connection.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(`\0kilonova/${name}`, () => resolve(server));
  });
}
