// SPDX-License-Identifier: Apache-2.0
import type { Assignment } from "./assignment.ts";
import type { ResourceProvider } from "./provider.ts";
import type { Slot } from "./slots.ts";

/** Units of one kind of slot, and who may give them. */
interface Demand {
  units: number;
  readonly options: readonly ResourceProvider[];
}

/**
 * False only when the slots that are left cannot all be satisfied any more: an optimistic answer from the
 * flow of units between slots and providers, one class at a time, that spares a search its dead ends.
 */
export function mayStillFit(
  slots: readonly Slot[],
  assignment: Assignment,
  isIsolated: boolean,
): boolean {
  if (isIsolated) {
    const granular = slots.filter(({ group }) => group.usesSameProvider);
    const roomOf = (provider: ResourceProvider): number =>
      granular.some((slot) => assignment.isTaken(slot, provider)) ? 0 : 1;
    if (
      !isMet(
        demandsOf(granular, () => 1),
        roomOf,
      )
    )
      return false;
  }
  const classes = new Set(slots.flatMap(({ amounts }) => amounts.map(([name]) => name)));
  return [...classes].every((name) => {
    const amountOf = ({ amounts }: Slot): number =>
      amounts.find(([resourceClass]) => resourceClass === name)?.[1] ?? 0;
    const takers = slots.filter((slot) => amountOf(slot) > 0);
    // What is no multiple of what all amounts are multiples of is of no use.
    const step = takers.map(amountOf).reduce(greatestCommonDivisor, 0);
    const roomOf = (provider: ResourceProvider): number => {
      const free = assignment.freeOf(provider, name);
      return free - (free % step);
    };
    return isMet(demandsOf(takers, amountOf), roomOf);
  });
}

function demandsOf(slots: readonly Slot[], unitsOf: (slot: Slot) => number): Demand[] {
  const byKind = new Map<number, Demand>();
  for (const slot of slots) {
    const demand = byKind.get(slot.kind);
    if (demand === undefined)
      byKind.set(slot.kind, { units: unitsOf(slot), options: slot.options });
    else demand.units += unitsOf(slot);
  }
  return [...byKind.values()];
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}

type Flow = Map<ResourceProvider, Map<Demand, number>>;

/** Whether the providers' rooms can be shared out so that every demand is met (a maximum flow). */
function isMet(
  demands: readonly Demand[],
  roomOf: (provider: ResourceProvider) => number,
): boolean {
  const rooms = new Map<ResourceProvider, number>();
  for (const { options } of demands) {
    for (const provider of options) rooms.set(provider, roomOf(provider));
  }
  const flow: Flow = new Map();
  for (const demand of demands) {
    let left = demand.units;
    while (left > 0) {
      const pushed = push({ rooms, flow, visited: new Set() }, demand, left);
      if (pushed === 0) return false;
      left -= pushed;
    }
  }
  return true;
}

interface Push {
  readonly rooms: Map<ResourceProvider, number>;
  readonly flow: Flow;
  readonly visited: Set<ResourceProvider>;
}

/** Gives the demand up to so many units, moving other demands to other providers where that makes room. */
function push(step: Push, demand: Demand, units: number): number {
  for (const provider of demand.options) {
    if (step.visited.has(provider)) continue;
    step.visited.add(provider);
    const given = step.flow.get(provider) ?? new Map<Demand, number>();
    step.flow.set(provider, given);
    const room = step.rooms.get(provider) ?? 0;
    const pushed = room > 0 ? Math.min(room, units) : makeRoom(step, given, demand, units);
    if (pushed === 0) continue;
    if (room > 0) step.rooms.set(provider, room - pushed);
    given.set(demand, (given.get(demand) ?? 0) + pushed);
    return pushed;
  }
  return 0;
}

function makeRoom(step: Push, given: Map<Demand, number>, demand: Demand, units: number): number {
  for (const [other, held] of given) {
    if (other === demand || held === 0) continue;
    const moved = push(step, other, Math.min(held, units));
    if (moved === 0) continue;
    given.set(other, held - moved);
    return moved;
  }
  return 0;
}
