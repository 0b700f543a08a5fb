// SPDX-License-Identifier: Apache-2.0
import { type GivenMultipliers, HostColumns } from "./host-columns.ts";
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";
import type { Measure, Weigher } from "./weigher.ts";

/** What is decided about, and how. */
export interface Weighing {
  readonly request: ScheduleRequest;
  readonly settings: SchedulerSettings;
  readonly weighers: readonly Weigher[];
}

/** One for each list of weighers: the product has one. */
const columns = new WeakMap<readonly Weigher[], HostColumns>();

/** What one weigher makes of the hosts. */
interface Scale {
  readonly weigher: Weigher;
  /** Raw values by place of the host among all. */
  readonly column: Float64Array;
  /** The multiplier of hosts whose aggregates give none. */
  readonly multiplier: number;
  /** The raw value that counts as 0, and how far the highest is above it. */
  readonly min: number;
  readonly span: number;
}

/**
 * The weights of hosts that all fit: normalised values times multipliers, an aggregate's before the
 * administrator's before the weigher's own. A lone host is not weighed. Source: nova-semantics 5.4.
 */
export class HostWeights {
  /** The sum of each host's weights, in the order of the hosts. */
  readonly scores: Float64Array;
  /** Of the weighers that tell these hosts apart. */
  readonly #scales: readonly Scale[];
  /** By index of host, of those whose aggregates give multipliers. */
  readonly #multipliers = new Map<number, GivenMultipliers>();
  readonly #places: Uint32Array;

  /** `places` are the indexes, among all hosts, of those that fit; all of them when absent. */
  constructor(
    hosts: readonly HostState[],
    weighing: Weighing,
    places: Uint32Array = Uint32Array.from(hosts, (_, place) => place),
  ) {
    this.#places = places;
    this.scores = new Float64Array(places.length);
    const scales = places.length > 1 ? this.#scalesOf(hosts, weighing) : [];
    // Most weighers know nothing that tells one host from another: they are done here.
    this.#scales = scales.filter(({ span }) => span > 0);
    for (const scale of this.#scales) this.#addUp(scale);
  }

  /** What each weigher that tells the hosts apart gave the host at an index, by name. */
  weightsAt(index: number): Record<string, number> {
    const given = this.#multipliers.get(index);
    return Object.fromEntries(
      this.#scales.map((scale) => [
        scale.weigher.name,
        normalised(scale, this.#places[index]) * multiplierOf(scale, given),
      ]),
    );
  }

  #scalesOf(hosts: readonly HostState[], { request, settings, weighers }: Weighing): Scale[] {
    const known = columnsOf(weighers);
    known.update(hosts);
    for (let index = 0; index < this.#places.length; index += 1) {
      const given = known.multipliersAt(this.#places[index] ?? 0);
      if (given !== undefined) this.#multipliers.set(index, given);
    }
    return weighers.flatMap((weigher, position) => {
      const { name, defaultMultiplier } = weigher;
      const column =
        weigher.measureFor === undefined
          ? known.valuesOf(position)
          : this.#measure(hosts, weigher.measureFor(request, settings));
      if (column === undefined) return [];
      const multiplier = signOf(weigher) * (settings.multipliers?.[name] ?? defaultMultiplier);
      return [{ weigher, column, multiplier, ...rangeOf(column, this.#places, weigher.floor) }];
    });
  }

  #measure(hosts: readonly HostState[], measure: Measure | undefined): Float64Array | undefined {
    if (measure === undefined) return undefined;
    const column = new Float64Array(hosts.length);
    for (let index = 0; index < this.#places.length; index += 1) {
      const place = this.#places[index] ?? 0;
      const host = hosts[place];
      if (host !== undefined) column[place] = measure(host);
    }
    return column;
  }

  #addUp(scale: Scale): void {
    const { scores } = this;
    const places = this.#places;
    const { column, min, span, multiplier } = scale;
    for (let index = 0; index < scores.length; index += 1) {
      const value = column[places[index] ?? 0] ?? 0;
      if (value > min) scores[index] = (scores[index] ?? 0) + ((value - min) / span) * multiplier;
    }
    for (const [index, given] of this.#multipliers) {
      const difference = multiplierOf(scale, given) - scale.multiplier;
      scores[index] = (scores[index] ?? 0) + normalised(scale, places[index]) * difference;
    }
  }
}

const signOf = ({ isAdverse }: Weigher): 1 | -1 => (isAdverse === true ? -1 : 1);

/** What is under the floor counts as the floor. Source: nova-semantics 5.4. */
function normalised({ column, min, span }: Scale, place = 0): number {
  const value = column[place] ?? 0;
  return value > min ? (value - min) / span : 0;
}

function multiplierOf({ weigher, multiplier }: Scale, given: GivenMultipliers | undefined): number {
  const own = given?.get(weigher.name);
  return own === undefined ? multiplier : signOf(weigher) * own;
}

function rangeOf(
  column: Float64Array,
  places: Uint32Array,
  floor: number | undefined,
): Pick<Scale, "min" | "span"> {
  let lowest = Infinity;
  let highest = floor ?? -Infinity;
  for (let index = 0; index < places.length; index += 1) {
    const value = column[places[index] ?? 0] ?? 0;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  const min = floor ?? lowest;
  return { min, span: highest - min };
}

function columnsOf(weighers: readonly Weigher[]): HostColumns {
  let known = columns.get(weighers);
  if (known === undefined) {
    known = new HostColumns(weighers);
    columns.set(weighers, known);
  }
  return known;
}
