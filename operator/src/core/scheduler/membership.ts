// SPDX-License-Identifier: Apache-2.0
import type { HostAggregate } from "../../api/kinds.ts";
import { selects } from "../lib/label-selector.ts";
import type { AggregateState } from "./host-state.ts";

/** The aggregates that a host is in, and the traits that they give it. */
export interface Memberships {
  readonly aggregates: readonly AggregateState[];
  readonly traits: readonly string[];
}

const nowhere: Memberships = { aggregates: [], traits: [] };

/**
 * Which hosts are in which aggregates, by the labels of their Nodes. Aggregates count in the order of
 * their names: where two give a host a zone, the first does. Hosts with the same ones share one list.
 */
export class Membership {
  readonly #all: readonly HostAggregate[];
  readonly #known = new Map<string, Memberships>();

  constructor(aggregates: Iterable<HostAggregate>) {
    this.#all = [...aggregates].toSorted((one, other) =>
      one.metadata.name < other.metadata.name ? -1 : 1,
    );
  }

  /** A host without a Node is in none. */
  of(labels: Readonly<Record<string, string>> | undefined): Memberships {
    if (labels === undefined || this.#all.length === 0) return nowhere;
    const mine = this.#all.filter(({ spec }) => selects(spec.nodeSelector, labels));
    const key = mine.map(({ metadata }) => metadata.name).join();
    let found = this.#known.get(key);
    if (found === undefined) {
      found = {
        aggregates: mine.map(aggregateState),
        traits: [...new Set(mine.flatMap(({ spec }) => spec.traits ?? []))],
      };
      this.#known.set(key, found);
    }
    return found;
  }
}

function aggregateState({ metadata: { name }, spec }: HostAggregate): AggregateState {
  const { availabilityZone: zone, metadata = {} } = spec;
  return {
    name,
    metadata: zone === undefined ? metadata : { ...metadata, availability_zone: zone },
  };
}
