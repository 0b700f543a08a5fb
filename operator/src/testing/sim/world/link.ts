// SPDX-License-Identifier: Apache-2.0

/** The network between one place and the API server. */
export class Link {
  #isCut = false;
  readonly #waiters = new Set<() => void>();
  /** Added to each way. */
  delayMs = 0;
  /** Share of answers that do not come. */
  lossShare = 0;

  get isCut(): boolean {
    return this.#isCut;
  }

  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
    this.delayMs = 0;
    this.lossShare = 0;
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }

  /** Resolves when something comes through, or when the signal aborts. */
  async passed(signal: AbortSignal): Promise<void> {
    while (this.#isCut && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          signal.removeEventListener("abort", finish);
          this.#waiters.delete(finish);
          resolve();
        };
        this.#waiters.add(finish);
        signal.addEventListener("abort", finish, { once: true });
      });
    }
  }
}
