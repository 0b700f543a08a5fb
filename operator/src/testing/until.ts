// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";

const deadlineMs = 30_000;
const intervalMs = 5;

/** Waits until `condition` holds in the real world; throws when it does not within 30 s. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const startMs = Date.now();
  while (!(await condition())) {
    if (Date.now() - startMs > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await sleep(intervalMs);
  }
}
