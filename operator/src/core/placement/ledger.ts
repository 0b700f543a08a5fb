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

/** What one provider shall offer from now on. */
export interface InventoryWrite {
  readonly inventories: Inventories;
  /** The provider's generation that the writer knows. */
  readonly generation: number;
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
  setInventories(uuid: string, write: InventoryWrite): LedgerOutcome {
    return this.reshape(new Map([[uuid, write]]), []);
  }

  /** Writes all claims or none. */
  claim(claims: readonly Claim[]): LedgerOutcome {
    return this.reshape(new Map(), claims);
  }

  /**
   * Moves inventories between providers and what is held of them with it, at once or not at all. What
   * providers offered before and what they shall offer both count for the claims.
   */
  reshape(writes: ReadonlyMap<string, InventoryWrite>, claims: readonly Claim[]): LedgerOutcome {
    const refusal =
      this.#refusalOfWrites(writes) ??
      this.#refusalOfClaims(writes, claims) ??
      this.#refusalOfLosses(writes, claims);
    if (refusal !== undefined) return refusal;
    for (const uuid of new Set([...writes.keys(), ...providersOf(claims)])) {
      const record = this.#providers.get(uuid);
      if (record === undefined) continue;
      record.inventories = writes.get(uuid)?.inventories ?? record.inventories;
      record.generation += 1;
    }
    for (const claim of claims) this.#write(claim);
    return done;
  }

  #refusalOfWrites(writes: ReadonlyMap<string, InventoryWrite>): LedgerOutcome | undefined {
    for (const [uuid, { generation, inventories }] of writes) {
      const provider = this.#providers.get(uuid);
      if (provider === undefined) return refuse("unknown_provider");
      if (provider.generation !== generation) return refuse("provider_generation");
      if (Object.values(inventories).some(isNegative)) return refuse("invalid_inventory");
    }
    return undefined;
  }

  #refusalOfClaims(
    writes: ReadonlyMap<string, InventoryWrite>,
    claims: readonly Claim[],
  ): LedgerOutcome | undefined {
    const isStale = ({ consumer, consumerGeneration }: Claim): boolean =>
      this.#consumers.get(consumer) !== consumerGeneration;
    if (claims.some(isStale)) return refuse("consumer_generation");
    const touched = providersOf(claims);
    if (touched.some((uuid) => !this.#providers.has(uuid))) return refuse("unknown_provider");
    const reasons = touched.flatMap((uuid) => {
      const old = this.#providers.get(uuid)?.inventories;
      return this.#shortagesAt(uuid, { ...old, ...writes.get(uuid)?.inventories }, claims);
    });
    return reasons.length === 0 ? undefined : refuse(...new Set(reasons));
  }

  /** No inventory may go of which something is held when all is done. */
  #refusalOfLosses(
    writes: ReadonlyMap<string, InventoryWrite>,
    claims: readonly Claim[],
  ): LedgerOutcome | undefined {
    for (const [uuid, { inventories }] of writes) {
      const { used = {}, inventories: old = {} } = this.#providers.get(uuid) ?? {};
      const growth = this.#growthAt(uuid, claims);
      const isLost = (name: string): boolean =>
        inventories[name] === undefined && (used[name] ?? 0) + (growth[name] ?? 0) > 0;
      if (Object.keys(old).some(isLost)) return refuse("inventory_in_use");
    }
    return undefined;
  }

  /** How much more the consumers together would hold of a provider than they hold now. */
  #growthAt(uuid: string, claims: readonly Claim[]): Resources {
    const growth = addUp(claims.map(({ allocations }) => allocations.get(uuid) ?? {}));
    for (const { consumer } of claims) {
      for (const [name, amount] of Object.entries(this.#held.get(consumer)?.get(uuid) ?? {})) {
        growth[name] = (growth[name] ?? 0) - amount;
      }
    }
    return growth;
  }

  /** Every reason at one provider: who asks for too much in two ways is told both. */
  #shortagesAt(
    uuid: string,
    inventories: Inventories,
    claims: readonly Claim[],
  ): readonly LedgerRefusal[] {
    const used = this.usedOf(uuid);
    const wanted = claims.map(({ allocations }) => allocations.get(uuid) ?? {});
    const growth = this.#growthAt(uuid, claims);
    const isOver = (name: string, inventory: Inventory): boolean => {
      const more = growth[name] ?? 0;
      // What is over capacity already may be kept or given back, only not grown.
      return more > 0 && (used[name] ?? 0) + more > capacityOf(inventory);
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

function providersOf(claims: readonly Claim[]): string[] {
  return [...new Set(claims.flatMap(({ allocations }) => [...allocations.keys()]))];
}
