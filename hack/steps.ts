// SPDX-License-Identifier: Apache-2.0
/** Progress for people: what is being done, how long it took, and where the time went. */
import { AsyncLocalStorage } from "node:async_hooks";

interface Step {
  readonly title: string;
  readonly depth: number;
  seconds: number | undefined;
  isFailed: boolean;
}

const reminderSeconds = 15;
const steps: Step[] = [];
const depthOfCaller = new AsyncLocalStorage<number>();

/**
 * Does one step of a longer work and says on stderr when it starts, that it goes on, and when it ends
 * with the seconds that it took. Steps may nest and may run side by side.
 */
export async function step<T>(title: string, act: () => Promise<T>): Promise<T> {
  const depth = depthOfCaller.getStore() ?? 0;
  const record: Step = { title, depth, seconds: undefined, isFailed: true };
  steps.push(record);
  const startedAt = performance.now();
  const elapsedSeconds = (): number => (performance.now() - startedAt) / 1000;
  const say = (mark: string, text: string): void => {
    process.stderr.write(`${"  ".repeat(depth)}${mark} ${text}\n`);
  };
  say("▸", title);
  const reminder = setInterval(() => {
    say("…", `${title}: ${formatSeconds(elapsedSeconds())} so far`);
  }, reminderSeconds * 1000);
  reminder.unref();
  try {
    const result = await depthOfCaller.run(depth + 1, act);
    record.isFailed = false;
    return result;
  } finally {
    clearInterval(reminder);
    record.seconds = elapsedSeconds();
    const outcome = record.isFailed ? "failed after " : "";
    say(record.isFailed ? "✗" : "✓", `${title}: ${outcome}${formatSeconds(record.seconds)}`);
  }
}

/** The steps so far with their seconds, as a table; nested steps are indented below their parent. */
export function stepTable(): string {
  const rows = steps.map((one) => ({
    title: `${"  ".repeat(one.depth)}${one.title}`,
    time: one.seconds === undefined ? "running" : formatSeconds(one.seconds),
    note: one.isFailed && one.seconds !== undefined ? "  failed" : "",
  }));
  const titleWidth = Math.max(0, ...rows.map((row) => row.title.length));
  const timeWidth = Math.max(0, ...rows.map((row) => row.time.length));
  return rows
    .map((row) => `${row.title.padEnd(titleWidth)}  ${row.time.padStart(timeWidth)}${row.note}`)
    .join("\n");
}

/** `0.3 s`, `12.0 s`, `3 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
