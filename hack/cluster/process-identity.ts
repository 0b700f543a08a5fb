// SPDX-License-Identifier: Apache-2.0
/** Telling a process from a later one that was given the same number. */
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in clock ticks since the machine was. */
  readonly startTicks: string;
}

/** The identity of the process of that number; none when there is none, or only its remains. */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const { state, startTicks } = parseStat(stat);
  return state === "Z" || state === "X" ? undefined : { pid, startTicks };
}

/** Whether exactly this process is still there. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks;
}

/** Reads /proc/PID/stat. Its second field, the program's name, may hold blanks and parentheses. */
export function parseStat(stat: string): { readonly state: string; readonly startTicks: string } {
  const fieldsFromThird = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fieldsFromThird;
  const startTicks = fieldsFromThird[22 - 3];
  if (state === undefined || startTicks === undefined) throw new Error(`not a stat file: ${stat}`);
  return { state, startTicks };
}
