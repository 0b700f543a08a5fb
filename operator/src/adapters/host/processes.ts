// SPDX-License-Identifier: Apache-2.0
import type { Processes } from "../../ports/processes.ts";
import { processStatuses } from "./process-statuses.ts";

/** Linux keeps 15 characters of a program's name: `qemu-system-x86` of qemu-system-x86_64. */
const qemuName = /^Name:\tqemu-system/m;
/** Dead, and only remembered by its parent. */
const zombie = /^State:\t[ZX]/m;

/** The processes that `proc` shows, by default those of this PID namespace. */
export function createProcesses(proc = "/proc"): Processes {
  return {
    hasQemu: async (uid) => {
      for await (const { text } of processStatuses(proc)) {
        if (qemuName.test(text) && isOf(text, uid) && !zombie.test(text)) return true;
      }
      return false;
    },
  };
}

/** Any of its four user ids: real, effective, saved, of the file system. */
function isOf(status: string, uid: number): boolean {
  const [, ids = ""] = /^Uid:\t(.*)$/m.exec(status) ?? [];
  return ids.split("\t").includes(String(uid));
}
