// SPDX-License-Identifier: Apache-2.0
import type { Outcome } from "./run.ts";

/** What was simulated, and how fast. */
export class Tally {
  readonly #startedMs: number;
  readonly #now: () => number;
  #stories = 0;
  #failures = 0;
  #faults = 0;
  #serverMs = 0;
  #simulatedMs = 0;

  /** @param now monotonic time in ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedMs = now();
  }

  add({ violations, faults, serverMs, simulatedMs }: Outcome): void {
    this.#stories += 1;
    this.#failures += violations.length > 0 ? 1 : 0;
    this.#faults += faults;
    this.#serverMs += serverMs;
    this.#simulatedMs += simulatedMs;
  }

  describe(): string {
    const minutes = (this.#now() - this.#startedMs) / 60_000;
    const rate = (amount: number): string => (amount / minutes).toFixed(1);
    const serverHours = this.#serverMs / 3_600_000;
    return (
      `${this.#stories} stories, ${this.#failures} failed, in ${minutes.toFixed(1)} min; ` +
      `${(this.#simulatedMs / 3_600_000).toFixed(1)} h of clusters, ${serverHours.toFixed(1)} server-hours, ` +
      `${this.#faults} faults; each minute: ${rate(serverHours)} server-hours, ${rate(this.#faults)} faults`
    );
  }
}
