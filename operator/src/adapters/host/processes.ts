// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from "node:fs/promises";
import { PortError } from "../../ports/errors.ts";
import type { Processes } from "../../ports/processes.ts";

/** Linux keeps 15 characters of a program's name: `qemu-system-x86` of qemu-system-x86_64. */
const qemuName = /^Name:\tqemu-system/m;
/** Dead, and only remembered by its parent. */
const zombie = /^State:\t[ZX]/m;

/** The processes that `proc` shows, by default those of this PID namespace. */
export function createProcesses(proc = "/proc"): Processes {
  return {
    hasQemu: async (uid) => {
      for (const pid of await pidsIn(proc)) {
        const status = await statusOf(`${proc}/${pid}/status`);
        if (qemuName.test(status) && isOf(status, uid) && !zombie.test(status)) return true;
      }
      return false;
    },
  };
}

async function pidsIn(proc: string): Promise<string[]> {
  try {
    return (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  } catch (cause) {
    throw new PortError("ProcessesUnreadable", (cause as Error).message, { cause });
  }
}

/** Empty for a process that ended meanwhile. */
async function statusOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ESRCH") return "";
    throw new PortError("ProcessesUnreadable", error.message, { cause: error });
  });
}

/** Any of its four user ids: real, effective, saved, of the file system. */
function isOf(status: string, uid: number): boolean {
  const [, ids = ""] = /^Uid:\t(.*)$/m.exec(status) ?? [];
  return ids.split("\t").includes(String(uid));
}
