// SPDX-License-Identifier: Apache-2.0

/** Runs what has the same key one after the other, in the order in which it was asked for. */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Resolves or rejects as `work` does; what went before may fail without harm. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(work, work);
    this.#last.set(key, result);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === result) this.#last.delete(key);
    }
  }
}
