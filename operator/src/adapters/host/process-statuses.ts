// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { PortError } from "../../ports/errors.ts";

/** Processes that are looked at between two turns of the event loop: one or two milliseconds. */
const atOnce = 64;

export interface ProcessStatus {
  readonly pid: string;
  /** The kernel's `status` of it. */
  readonly text: string;
}

/**
 * The processes that `proc` shows, each once. Read without the thread pool, where each of them would cost six
 * times the CPU: a node has hundreds, and every look at a guest without libvirt looks at them.
 * Throws PortError `ProcessesUnreadable`.
 */
export async function* processStatuses(proc = "/proc"): AsyncGenerator<ProcessStatus> {
  for (const [index, pid] of reading(() => pidsIn(proc)).entries()) {
    if (index % atOnce === atOnce - 1) await setImmediate();
    const text = readOfProcess(`${proc}/${pid}/status`);
    if (text !== undefined) yield { pid, text };
  }
}

function pidsIn(proc: string): string[] {
  return readdirSync(proc).filter((name) => /^\d+$/.test(name));
}

/** What the kernel says of a process. Undefined when it ended meanwhile. Throws PortError `ProcessesUnreadable`. */
export function readOfProcess(path: string): string | undefined {
  return reading(() => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ESRCH") return undefined;
      throw error;
    }
  });
}

function reading<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new PortError("ProcessesUnreadable", (cause as Error).message, { cause });
  }
}
