// SPDX-License-Identifier: Apache-2.0
import { acts } from "../acts/index.ts";
import { faults } from "../faults/index.ts";
import type { Happening } from "../happening.ts";
import { type Chance, Streams } from "../world/streams.ts";

/** One thing that happens in a story. */
export interface Event {
  readonly atMs: number;
  /** Of an act or a fault. */
  readonly name: string;
  /** What its choices are drawn from. */
  readonly seed: number;
}

/** A whole story: nothing else decides what happens. It is JSON, to be kept and replayed. */
export interface Scenario {
  readonly seed: number;
  readonly nodes: number;
  readonly operators: number;
  /** Simulated time in which acts and faults happen. */
  readonly minutes: number;
  readonly events: readonly Event[];
}

export interface ScenarioOptions {
  readonly seed: number;
  readonly nodes?: number | undefined;
  readonly operators?: number | undefined;
  readonly minutes?: number | undefined;
  /** Name of a fault or an act that shall not happen; the rest of the story stays. */
  readonly without?: string | undefined;
}

const minutesDefault = 4;
/** The cluster comes up before anything goes wrong. */
const quietMs = 15_000;

/** The story of a seed. Each story has its own few faults: all at once would hide one another. */
export function scenarioOf(options: ScenarioOptions): Scenario {
  const { seed, minutes = minutesDefault } = options;
  const chance = new Streams(seed).of("scenario");
  const nodes = options.nodes ?? chance.whole(2, 4);
  const operators = options.operators ?? chance.whole(1, 2);
  const kinds = faults.filter(() => chance.isLucky(0.35));
  const untilMs = minutes * 60_000;
  const first = (name: string): Event => ({
    atMs: chance.whole(0, quietMs),
    name,
    seed: seedOf(chance),
  });
  const events = [
    ...Array.from({ length: chance.whole(1, 8) }, () => first("create-server")),
    ...drawn(acts, chance, { untilMs, everyMs: chance.between(5000, 30_000) }),
    ...drawn(kinds, chance, { untilMs, everyMs: chance.between(2500, 25_000) }),
  ];
  return {
    ...{ seed, nodes, operators, minutes },
    events: events
      .filter(({ name }) => name !== options.without)
      .toSorted((one, other) => one.atMs - other.atMs),
  };
}

function drawn(
  from: readonly Happening[],
  chance: Chance,
  { untilMs, everyMs }: { readonly untilMs: number; readonly everyMs: number },
): Event[] {
  const events: Event[] = [];
  if (from.length === 0) return events;
  let atMs = quietMs;
  for (;;) {
    atMs += Math.round(chance.between(0, 2 * everyMs));
    if (atMs >= untilMs) return events;
    events.push({ atMs, name: chance.weighted(from).name, seed: seedOf(chance) });
  }
}

function seedOf(chance: Chance): number {
  return chance.whole(0, 2 ** 31);
}
