// SPDX-License-Identifier: Apache-2.0
import type { HostState } from "./host-state.ts";

const none: ReadonlySet<string> = new Set();

/** What the host's aggregates say under a key: each of the values that are listed with commas. */
export function metadataOf({ aggregates }: HostState, key: string): ReadonlySet<string> {
  if (aggregates === undefined || aggregates.length === 0) return none;
  return new Set(
    aggregates.flatMap(({ metadata }) => {
      const value = metadata[key];
      return value === undefined ? [] : value.split(",").map((one) => one.trim());
    }),
  );
}

/** The keys that any of the host's aggregates has metadata under. */
export function metadataKeysOf({ aggregates }: HostState): readonly string[] {
  if (aggregates === undefined || aggregates.length === 0) return [];
  return [...new Set(aggregates.flatMap(({ metadata }) => Object.keys(metadata)))];
}

/**
 * The least number that the host's aggregates give under a key. Undefined when none gives one, or any
 * gives something else. Source: nova-semantics 5.4.
 */
export function leastNumberOf({ aggregates }: HostState, key: string): number | undefined {
  if (aggregates === undefined || aggregates.length === 0) return undefined;
  const values = aggregates.flatMap(({ metadata }) => metadata[key] ?? []);
  const numbers = values.map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
  if (numbers.length === 0 || numbers.some((one) => Number.isNaN(one))) return undefined;
  return Math.min(...numbers);
}

/** The availability zone of a host: what one of its aggregates says. Source: nova-semantics 5.5. */
export function zoneOf(host: HostState): string | undefined {
  const [zone] = (host.aggregates ?? []).flatMap(
    ({ metadata }) => metadata["availability_zone"] ?? [],
  );
  return zone;
}
