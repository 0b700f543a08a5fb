// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { Inventory } from "../../api/v1alpha1/hypervisor.ts";
import { brokenRuleOf } from "./capacity.ts";
import { addUp, capacityOf, type Inventories } from "./inventory.ts";

/** Why a write was refused, in Placement's words. A refused write changes no allocation. */
export type LedgerRefusal =
  | "consumer_generation"
  | "provider_generation"
  | "unknown_provider"
  | "no_inventory"
  | "constraints_violated"
  | "capacity_exceeded"
  | "invalid_inventory"
  | "inventory_in_use";

/** What one consumer shall hold from now on, in place of all that it held. */
export interface Claim {
  readonly consumer: string;
  /** The generation that the writer knows; absent for a consumer that shall be new. */
  readonly consumerGeneration?: number;
  /** Amounts by provider. Empty gives everything back. */
  readonly allocations: ReadonlyMap<string, Readonly<Resources>>;
}

interface ProviderRecord {
  inventories: Inventories;
  generation: number;
  /** What all consumers together hold of it. */
  readonly used: Resources;
}

/** Either it was written, or every reason why not. */
export type LedgerOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reasons: readonly LedgerRefusal[] };

const done: LedgerOutcome = { ok: true };
const refuse = (...reasons: readonly LedgerRefusal[]): LedgerOutcome => ({ ok: false, reasons });

/**
 * Who holds how much of what: Placement's book of allocations, with its generations, so that two writers
 * cannot both spend the same unit. All methods are atomic. Source: nova-semantics 5.1.
 */
export class AllocationLedger {
  readonly #providers = new Map<string, ProviderRecord>();
  readonly #consumers = new Map<string, number>();
  readonly #held = new Map<string, ReadonlyMap<string, Readonly<Resources>>>();

  /** Puts a provider in place, before its consumers, for building the book from a list. */
  addProvider(uuid: string, inventories: Inventories, generation = 0): void {
    this.#providers.set(uuid, { inventories, generation, used: {} });
  }

  /** Puts a consumer and what it holds in place, unchecked: facts are not refused. */
  addConsumer(
    consumer: string,
    generation: number,
    held: ReadonlyMap<string, Readonly<Resources>>,
  ): void {
    this.#consumers.set(consumer, generation);
    this.#replace(consumer, held);
  }

  /** Generations by consumer. */
  consumers(): ReadonlyMap<string, number> {
    return this.#consumers;
  }

  /** Amounts by provider. */
  allocationsOf(consumer: string): ReadonlyMap<string, Readonly<Resources>> {
    return this.#held.get(consumer) ?? new Map();
  }

  generationOf(provider: string): number | undefined {
    return this.#providers.get(provider)?.generation;
  }

  /** What all consumers together hold of a provider. */
  usedOf(provider: string): Readonly<Resources> {
    return this.#providers.get(provider)?.used ?? {};
  }

  /**
   * Replaces the inventories of a provider. An inventory in use may shrink below its use (new claims are
   * refused then) but not vanish.
   */
  setInventories(uuid: string, inventories: Inventories, generation: number): LedgerOutcome {
    const provider = this.#providers.get(uuid);
    if (provider === undefined) return refuse("unknown_provider");
    if (provider.generation !== generation) return refuse("provider_generation");
    if (Object.values(inventories).some(isNegative)) return refuse("invalid_inventory");
    const isVanishing = (name: string): boolean =>
      inventories[name] === undefined && (provider.used[name] ?? 0) > 0;
    if (Object.keys(provider.inventories).some(isVanishing)) return refuse("inventory_in_use");
    provider.inventories = inventories;
    provider.generation += 1;
    return done;
  }

  /** Writes all claims or none. */
  claim(claims: readonly Claim[]): LedgerOutcome {
    const isStale = ({ consumer, consumerGeneration }: Claim): boolean =>
      this.#consumers.get(consumer) !== consumerGeneration;
    if (claims.some(isStale)) return refuse("consumer_generation");
    const touched = new Set(claims.flatMap(({ allocations }) => [...allocations.keys()]));
    const records = [...touched].flatMap((uuid) => this.#providers.get(uuid) ?? []);
    if (records.length < touched.size) return refuse("unknown_provider");
    const reasons = new Set([...touched].flatMap((uuid) => this.#shortagesAt(uuid, claims)));
    if (reasons.size > 0) return refuse(...reasons);
    for (const record of records) record.generation += 1;
    for (const claim of claims) this.#write(claim);
    return done;
  }

  /** Every reason at one provider: who asks for too much in two ways is told both. */
  #shortagesAt(uuid: string, claims: readonly Claim[]): readonly LedgerRefusal[] {
    const { inventories = {}, used = {} } = this.#providers.get(uuid) ?? {};
    const before = addUp(claims.map(({ consumer }) => this.#held.get(consumer)?.get(uuid) ?? {}));
    const wanted = claims.map(({ allocations }) => allocations.get(uuid) ?? {});
    const after = addUp(wanted);
    const isOver = (name: string, inventory: Inventory): boolean => {
      const growth = (after[name] ?? 0) - (before[name] ?? 0);
      // What is over capacity already may be kept or given back, only not grown.
      return growth > 0 && (used[name] ?? 0) + growth > capacityOf(inventory);
    };
    return wanted.flatMap((resources) =>
      Object.entries(resources).flatMap(([name, amount]): LedgerRefusal[] => {
        const inventory = inventories[name];
        if (inventory === undefined) return ["no_inventory"];
        const rule = brokenRuleOf(inventory, 0, amount);
        const isOddAmount = rule !== undefined && rule !== "OverCapacity";
        return [
          ...(isOddAmount ? (["constraints_violated"] as const) : []),
          ...(isOver(name, inventory) ? (["capacity_exceeded"] as const) : []),
        ];
      }),
    );
  }

  #write({ consumer, consumerGeneration, allocations }: Claim): void {
    const held = this.#held.has(consumer);
    this.#replace(consumer, allocations);
    if (allocations.size > 0) this.#consumers.set(consumer, (consumerGeneration ?? 0) + 1);
    else if (held) this.#consumers.delete(consumer);
    else this.#consumers.set(consumer, consumerGeneration ?? 0);
  }

  #replace(consumer: string, allocations: ReadonlyMap<string, Readonly<Resources>>): void {
    this.#count(this.allocationsOf(consumer), -1);
    this.#count(allocations, 1);
    if (allocations.size > 0) this.#held.set(consumer, allocations);
    else this.#held.delete(consumer);
  }

  #count(allocations: ReadonlyMap<string, Readonly<Resources>>, sign: 1 | -1): void {
    for (const [uuid, resources] of allocations) {
      const used = this.#providers.get(uuid)?.used;
      if (used === undefined) continue;
      for (const [name, amount] of Object.entries(resources)) {
        used[name] = (used[name] ?? 0) + sign * amount;
      }
    }
  }
}

const isNegative = (inventory: Inventory): boolean => Math.trunc(capacityOf(inventory)) < 0;
