// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** What a process has used so far. */
export interface Usage {
  /** Wall clock of the measurement. */
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly rssMib: number;
  /** The most that it ever had. */
  readonly rssPeakMib: number;
}

/** Clock ticks a second of /proc: fixed by the kernel's interface. */
const ticksPerSecond = 100;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The program's name may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) / 1024;
  return {
    atMs: performance.now(),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssMib: mib("VmRSS"),
    rssPeakMib: mib("VmHWM"),
  };
}

/** CPU time between two measurements, in percent of one core. */
export function cpuPercent(before: Usage, after: Usage): number {
  return (100_000 * (after.cpuSeconds - before.cpuSeconds)) / (after.atMs - before.atMs);
}
