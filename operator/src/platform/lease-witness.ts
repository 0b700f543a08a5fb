// SPDX-License-Identifier: Apache-2.0
/**
 * What one process wrote into a Lease that nobody else writes while it is held. An older word of ours in
 * it, or none, says that the API server went back in time: its etcd was restored from a backup. Versions
 * do not: a restored API server gives them out again, or skips some.
 */
export class LeaseWitness {
  /** Renewal times, the oldest first. A write without an answer may have been done, or be done yet. */
  #renewals: string[] = [];
  /** How many were dropped from the front. */
  #dropped = 0;
  /** Position of the last one that the API server confirmed; -1 when there is none. */
  #confirmed = -1;

  /** The Lease is about to be written. */
  writes(renewTime: string): void {
    this.#renewals.push(renewTime);
    if (this.#renewals.length <= renewalsMax) return;
    this.#renewals.shift();
    this.#dropped += 1;
  }

  /** The API server stored it. */
  confirms(renewTime: string | undefined): void {
    this.#confirmed = Math.max(this.#confirmed, this.#positionOf(renewTime));
  }

  /** To be kept before a Lease is asked for: what was confirmed by then, the answer has to know. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Whether a Lease that was asked for after `confirmed` belongs to the history in which we wrote. */
  agrees(renewTime: string | undefined, confirmed: number): boolean {
    return confirmed < 0 || this.#positionOf(renewTime) >= confirmed;
  }

  #positionOf(renewTime: string | undefined): number {
    const index = renewTime === undefined ? -1 : this.#renewals.lastIndexOf(renewTime);
    return index < 0 ? -1 : index + this.#dropped;
  }
}

/** Renewals come seconds apart, answers within half a minute. */
const renewalsMax = 64;

/** What was read before and since is of a history that never happened: the process has to begin anew. */
export class HistoryWentBack extends Error {
  constructor(lease: string) {
    super(
      `Lease ${lease} does not say what this process wrote into it: the API server was restored from a backup, or somebody else wrote or deleted the Lease`,
    );
    this.name = "HistoryWentBack";
  }
}
