// SPDX-License-Identifier: Apache-2.0
import type { AggregateState, HostState } from "./host-state.ts";

/** What several aggregates say together. */
interface Metadata {
  /** Their values by key, as they are written. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** By key, each of the values that are listed with commas. */
  readonly words: ReadonlyMap<string, ReadonlySet<string>>;
  /** The keys that begin with what was asked for so far. */
  readonly keysUnder: Map<string, readonly string[]>;
}

const none: ReadonlySet<string> = new Set();
const noKeys: readonly string[] = [];

/** Most hosts share their list of aggregates with others, and every decision asks it again. */
const known = new WeakMap<readonly AggregateState[], Metadata>();

function read(aggregates: readonly AggregateState[]): Metadata {
  const values = new Map<string, string[]>();
  for (const { metadata } of aggregates) {
    for (const [key, value] of Object.entries(metadata)) {
      const others = values.get(key);
      if (others === undefined) values.set(key, [value]);
      else others.push(value);
    }
  }
  const words = new Map([...values].map(([key, list]) => [key, wordsOf(list)] as const));
  return { values, words, keysUnder: new Map() };
}

function wordsOf(values: readonly string[]): ReadonlySet<string> {
  return new Set(values.flatMap((value) => value.split(",").map((one) => one.trim())));
}

/** Undefined for a host in no aggregate. */
function togetherOf({ aggregates }: Pick<HostState, "aggregates">): Metadata | undefined {
  if (aggregates === undefined || aggregates.length === 0) return undefined;
  let together = known.get(aggregates);
  if (together === undefined) {
    together = read(aggregates);
    known.set(aggregates, together);
  }
  return together;
}

/** What the host's aggregates say under a key: each of the values that are listed with commas. */
export function metadataOf(host: HostState, key: string): ReadonlySet<string> {
  return togetherOf(host)?.words.get(key) ?? none;
}

/** The keys with this beginning that any of the host's aggregates has metadata under. */
export function keysUnder(host: HostState, prefix: string): readonly string[] {
  const together = togetherOf(host);
  if (together === undefined) return noKeys;
  let keys = together.keysUnder.get(prefix);
  if (keys === undefined) {
    keys = [...together.values.keys()].filter((key) => key.startsWith(prefix));
    together.keysUnder.set(prefix, keys);
  }
  return keys;
}

/**
 * The least number that the host's aggregates give under a key. Undefined when none gives one, or any
 * gives something else. Source: nova-semantics 5.4.
 */
export function leastNumberOf(host: HostState, key: string): number | undefined {
  const values = togetherOf(host)?.values.get(key);
  if (values === undefined) return undefined;
  const numbers = values.map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
  if (numbers.some((one) => Number.isNaN(one))) return undefined;
  return Math.min(...numbers);
}

/**
 * The availability zone of a host: what one of its aggregates says. Source: nova-semantics 5.5.
 * Differs: else what its Node is labelled with; there is no default zone.
 */
export function zoneOf(host: Pick<HostState, "aggregates" | "zone">): string | undefined {
  return togetherOf(host)?.values.get("availability_zone")?.[0] ?? host.zone;
}
