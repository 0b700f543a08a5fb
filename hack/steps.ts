// SPDX-License-Identifier: Apache-2.0
/** Progress for people: what is being done, how long it took, and where the time went. */
import { AsyncLocalStorage } from "node:async_hooks";

interface Step {
  readonly title: string;
  readonly depth: number;
  seconds: number | undefined;
  isFailed: boolean;
  /** Steps inside that are under way; they speak for this one. */
  childCount: number;
}

const reminderSeconds = 15;
const steps: Step[] = [];
const callers = new AsyncLocalStorage<Step>();

/**
 * Does one step of a longer work and says on stderr when it starts, that it goes on, and when it ends
 * with the seconds that it took. Steps may nest and may run side by side.
 */
export async function step<T>(title: string, act: () => Promise<T>): Promise<T> {
  const parent = callers.getStore();
  const depth = parent === undefined ? 0 : parent.depth + 1;
  const record: Step = { title, depth, seconds: undefined, isFailed: true, childCount: 0 };
  insertBelow(parent, record);
  if (parent !== undefined) parent.childCount += 1;
  const startedAt = performance.now();
  const elapsedSeconds = (): number => (performance.now() - startedAt) / 1000;
  const say = (mark: string, text: string): void => {
    process.stderr.write(`${"  ".repeat(depth)}${mark} ${text}\n`);
  };
  say("▸", title);
  const reminder = setInterval(() => {
    if (record.childCount === 0) say("…", `${title}: ${formatSeconds(elapsedSeconds())} so far`);
  }, reminderSeconds * 1000);
  reminder.unref();
  try {
    const result = await callers.run(record, act);
    record.isFailed = false;
    return result;
  } finally {
    clearInterval(reminder);
    if (parent !== undefined) parent.childCount -= 1;
    record.seconds = elapsedSeconds();
    const outcome = record.isFailed ? "failed after " : "";
    say(record.isFailed ? "✗" : "✓", `${title}: ${outcome}${formatSeconds(record.seconds)}`);
  }
}

/** Keeps the record in the order of the table: a step comes after its parent and what is in it. */
function insertBelow(parent: Step | undefined, record: Step): void {
  if (parent === undefined) {
    steps.push(record);
    return;
  }
  const start = steps.indexOf(parent) + 1;
  const length = steps.slice(start).findIndex((one) => one.depth <= parent.depth);
  steps.splice(length === -1 ? steps.length : start + length, 0, record);
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
