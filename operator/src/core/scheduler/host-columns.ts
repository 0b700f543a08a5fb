// SPDX-License-Identifier: Apache-2.0
import { leastNumberOf } from "./aggregates.ts";
import type { HostState } from "./host-state.ts";
import type { Weigher } from "./weigher.ts";

/** Multipliers that a host's aggregates give, by name of the weigher. */
export type GivenMultipliers = ReadonlyMap<string, number>;

/**
 * What weighers say of hosts alone, kept from decision to decision by the host's place in the list. Hosts
 * are never changed, only replaced: where the same object stands, what was said of it still holds. So a
 * decision reads numbers that lie beside each other, and nothing of hosts that are scattered over memory.
 */
export class HostColumns {
  readonly #weighers: readonly Weigher[];
  readonly #multipliers = new Map<number, GivenMultipliers>();
  #hosts: readonly HostState[] = [];
  #values: readonly Float64Array[] = [];

  constructor(weighers: readonly Weigher[]) {
    this.#weighers = weighers;
  }

  /** Takes over another list of hosts. */
  update(hosts: readonly HostState[]): void {
    const before = this.#hosts;
    this.#hosts = [...hosts];
    if (before.length !== hosts.length) this.#resize(hosts.length);
    for (let place = 0; place < hosts.length; place += 1) {
      const host = hosts[place];
      if (host !== undefined && host !== before[place]) this.#learn(place, host);
    }
  }

  /** By place: the raw values of the weigher at a position; 0 when it looks at the request. */
  valuesOf(position: number): Float64Array | undefined {
    return this.#values[position];
  }

  /** Undefined for a host whose aggregates give none. */
  multipliersAt(place: number): GivenMultipliers | undefined {
    return this.#multipliers.size === 0 ? undefined : this.#multipliers.get(place);
  }

  #resize(length: number): void {
    this.#values = this.#weighers.map((_, position) => {
      const column = new Float64Array(length);
      column.set(this.#values[position]?.subarray(0, length) ?? []);
      return column;
    });
    for (const place of this.#multipliers.keys()) {
      if (place >= length) this.#multipliers.delete(place);
    }
  }

  #learn(place: number, host: HostState): void {
    const given = new Map<string, number>();
    for (const [position, { name, weigh, multiplierKey }] of this.#weighers.entries()) {
      const column = this.#values[position];
      if (column !== undefined) column[place] = weigh?.(host) ?? 0;
      const multiplier = leastNumberOf(host, multiplierKey);
      if (multiplier !== undefined) given.set(name, multiplier);
    }
    if (given.size > 0) this.#multipliers.set(place, given);
    else this.#multipliers.delete(place);
  }
}
