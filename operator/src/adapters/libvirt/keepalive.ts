// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../../ports/clock.ts";

export interface KeepaliveOptions {
  readonly clock: Clock;
  readonly intervalSeconds: number;
  /** So many intervals may pass in silence, each with a ping at its end. */
  readonly silentIntervalsMax: number;
  readonly ping: () => void;
  readonly dead: () => void;
}

/** Pings a silent peer and tells when it stays silent: a socket alone never says that. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #silentIntervals = 0;
  #cancel: () => void;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.#cancel = this.#wait();
  }

  /** The peer lives: a whole message came. */
  heard(): void {
    this.#silentIntervals = 0;
  }

  stop(): void {
    this.#cancel();
  }

  #wait(): () => void {
    return this.#options.clock.after(this.#options.intervalSeconds * 1000, () => this.#tick());
  }

  #tick(): void {
    const { silentIntervalsMax, ping, dead } = this.#options;
    if (this.#silentIntervals === silentIntervalsMax) return dead();
    this.#silentIntervals += 1;
    this.#cancel = this.#wait();
    ping();
  }
}
