// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { AllocationCandidate } from "./candidate.ts";
import type { CandidateRequest, RequestGroup } from "./candidate-request.ts";
import { capacityOf } from "./inventory.ts";
import type { ResourceProvider } from "./provider.ts";
import type { Slot } from "./slots.ts";

/**
 * A candidate that grows: which slot takes from which provider, and what is left meanwhile. The last slot
 * that took gives back first.
 */
export class Assignment {
  readonly #groups: readonly RequestGroup[];
  readonly #isIsolated: boolean;
  readonly #taken: { readonly slot: Slot; readonly provider: ResourceProvider }[] = [];
  readonly #free = new Map<ResourceProvider, Resources>();
  readonly #granular = new Set<ResourceProvider>();

  constructor({ groups, groupPolicy }: CandidateRequest) {
    this.#groups = groups;
    this.#isIsolated = groupPolicy === "isolate";
  }

  /** Whether the group policy forbids the provider to the slot. */
  isTaken(slot: Slot, provider: ResourceProvider): boolean {
    return this.#isIsolated && slot.group.usesSameProvider && this.#granular.has(provider);
  }

  /** How many units of a class all slots together may still take of a provider. */
  freeOf(provider: ResourceProvider, resourceClass: string): number {
    let free = this.#free.get(provider);
    if (free === undefined) {
      free = {};
      this.#free.set(provider, free);
    }
    return (free[resourceClass] ??= roomOf(provider, resourceClass));
  }

  /** False, and nothing is taken, when the provider has not enough left or is forbidden by the policy. */
  take(slot: Slot, provider: ResourceProvider): boolean {
    if (this.isTaken(slot, provider)) return false;
    if (slot.amounts.some(([name, amount]) => amount > this.freeOf(provider, name))) return false;
    this.#change(slot, provider, -1);
    if (slot.group.usesSameProvider && this.#isIsolated) this.#granular.add(provider);
    this.#taken.push({ slot, provider });
    return true;
  }

  giveBack(): void {
    const last = this.#taken.pop();
    if (last === undefined) return;
    this.#change(last.slot, last.provider, 1);
    if (last.slot.group.usesSameProvider) this.#granular.delete(last.provider);
  }

  /** The providers that the groups with these suffixes take from, each once. */
  providersOf(suffixes: readonly string[]): ResourceProvider[] {
    const mine = this.#taken.filter(({ slot }) => suffixes.includes(slot.group.suffix));
    return [...new Set(mine.map(({ provider }) => provider))];
  }

  toCandidate(root: string): AllocationCandidate {
    const allocations = new Map<string, Resources>();
    const mappings = new Map<string, string[]>(this.#groups.map(({ suffix }) => [suffix, []]));
    for (const { slot, provider } of this.#taken) {
      const { uuid } = provider;
      const mapped = mappings.get(slot.group.suffix);
      if (mapped?.includes(uuid) === false) mapped.push(uuid);
      for (const [name, amount] of slot.amounts) {
        const taken = allocations.get(uuid) ?? {};
        taken[name] = (taken[name] ?? 0) + amount;
        allocations.set(uuid, taken);
      }
    }
    return { root, allocations, mappings };
  }

  #change({ amounts }: Slot, provider: ResourceProvider, sign: 1 | -1): void {
    for (const [name, amount] of amounts) {
      const left = this.freeOf(provider, name) + sign * amount;
      const free = this.#free.get(provider);
      if (free !== undefined) free[name] = left;
    }
  }
}

/** The largest sum of amounts that the capacity and the largest unit of a class allow. */
function roomOf({ inventories, used }: ResourceProvider, resourceClass: string): number {
  const inventory = inventories[resourceClass];
  if (inventory === undefined) return 0;
  const left = Math.floor(capacityOf(inventory)) - (used[resourceClass] ?? 0);
  return Math.min(inventory.maxUnit, left);
}
