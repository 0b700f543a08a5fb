// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";

interface UntilOptions {
  readonly timeoutSeconds: number;
  readonly intervalMs?: number;
}

/**
 * Asks until the answer is neither undefined nor false, and returns it. The error of a time-out says what
 * was waited for and what the last answer or error was.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { timeoutSeconds, intervalMs = 200 }: UntilOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    await sleep(intervalMs);
  }
  throw new Error(`${what}: not within ${timeoutSeconds} s; last: ${String(last)}`);
}
