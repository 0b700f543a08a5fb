// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Outcome } from "./run.ts";
import type { Scenario } from "./scenario.ts";

export interface PoolOptions {
  /** How many stories are told at a time; as many as the machine has processors by default. */
  readonly workers?: number;
  /** Called after each story; no other is begun once it says true. */
  readonly onOutcome?: (outcome: Outcome) => boolean;
}

/** Tells stories in several threads, in the order given. Throws when a thread dies. */
export async function runAll(
  scenarios: Iterable<Scenario>,
  { workers = availableParallelism(), onOutcome = () => false }: PoolOptions = {},
): Promise<void> {
  const queue = scenarios[Symbol.iterator]();
  let isOver = false;
  const next = (): Scenario | undefined => {
    const { value, done } = queue.next();
    return isOver || done === true ? undefined : value;
  };
  const serve = async (): Promise<void> => {
    const thread = new Worker(new URL("./worker.ts", import.meta.url));
    try {
      for (let scenario = next(); scenario !== undefined; scenario = next()) {
        if (onOutcome(await tell(thread, scenario))) isOver = true;
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: workers }, serve));
}

function tell(thread: Worker, scenario: Scenario): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    thread.removeAllListeners();
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", (code) => reject(new Error(`a simulator's thread ended with ${code}`)));
    thread.postMessage(scenario);
  });
}
