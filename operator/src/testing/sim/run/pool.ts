// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Outcome } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** Threads that tell stories, as many at a time as the machine has processors. */
export class Pool {
  readonly #threads: readonly Worker[];

  /** @param program of the threads, with what it is started with; the simulator itself by default. */
  constructor(program = new URL("./worker.ts", import.meta.url), workerData?: unknown) {
    const length = availableParallelism();
    this.#threads = Array.from({ length }, () => new Worker(program, { workerData }));
  }

  /**
   * Tells stories in about the order given, and hands out each outcome; begins no other once `onOutcome`
   * says true. Throws when a thread dies.
   */
  async runAll(
    scenarios: Iterable<Scenario>,
    onOutcome: (outcome: Outcome) => boolean | Promise<boolean>,
  ): Promise<void> {
    const queue = scenarios[Symbol.iterator]();
    let isOver = false;
    const serve = async (thread: Worker): Promise<void> => {
      while (!isOver) {
        const next = queue.next();
        if (next.done === true) return;
        if (await onOutcome(await tell(thread, next.value))) isOver = true;
      }
    };
    await Promise.all(this.#threads.map(serve));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

function tell(thread: Worker, scenario: Scenario): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    thread.removeAllListeners();
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", (code) => reject(new Error(`a simulator's thread ended with ${code}`)));
    thread.postMessage(scenario, []);
  });
}
