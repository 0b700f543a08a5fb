// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "./logging.ts";
import { pause } from "./pause.ts";

/** A part of the process that runs until its signal aborts. */
export interface Task {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface TaskGroupOptions {
  /** Asks all tasks to stop. */
  readonly signal: AbortSignal;
  /** How long tasks may take to stop. */
  readonly graceSeconds: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Runs tasks together. When the signal aborts all are stopped and "stopped" is returned. When one
 * ends by itself, throws, or does not stop in time, all are stopped and "failed" is returned: the
 * process has to exit, and is started anew.
 */
export async function runTogether(
  tasks: readonly Task[],
  options: TaskGroupOptions,
): Promise<"stopped" | "failed"> {
  const { signal, log } = options;
  const stop = new AbortController();
  const group = AbortSignal.any([signal, stop.signal]);
  let outcome: "stopped" | "failed" = "stopped";
  const running = new Set<string>();
  const ends = tasks.map(async (task) => {
    running.add(task.name);
    try {
      await task.run(group);
      if (!group.aborted) throw new Error("ended although nothing asked it to");
    } catch (error) {
      outcome = "failed";
      log.error({ task: task.name, err: error }, "task failed");
      stop.abort();
    } finally {
      running.delete(task.name);
    }
  });
  const allEnded = new AbortController();
  const end = Promise.all(ends).finally(() => allEnded.abort());
  await Promise.race([end, overdue(group, allEnded.signal, options)]);
  for (const name of running) log.error({ task: name }, "task did not stop in time");
  return running.size > 0 ? "failed" : outcome;
}

/** Resolves when the group was asked to stop and the grace is over. */
async function overdue(
  group: AbortSignal,
  allEnded: AbortSignal,
  { clock, graceSeconds }: TaskGroupOptions,
): Promise<void> {
  if (!group.aborted) {
    await new Promise<void>((resolve) => {
      group.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  await pause(clock, graceSeconds * 1000, allEnded);
}
