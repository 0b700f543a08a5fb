// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { Inventory } from "../../api/v1alpha1/hypervisor.ts";

/** What a host offers, by resource class. */
export type Inventories = Readonly<Record<string, Inventory>>;

/** The sum of amounts, class by class. */
export function addUp(amounts: Iterable<Readonly<Resources>>): Resources {
  const sum: Resources = {};
  for (const resources of amounts) {
    for (const [resourceClass, amount] of Object.entries(resources)) {
      sum[resourceClass] = (sum[resourceClass] ?? 0) + amount;
    }
  }
  return sum;
}

/**
 * How much may be promised: (total - reserved) × ratio, not rounded. Source: nova-semantics 5.1.
 */
export function capacityOf(inventory: Inventory): number {
  return (inventory.total - inventory.reserved) * inventory.allocationRatio;
}

/** What is there and neither reserved nor used, whatever may be promised; below 0 when overcommitted. */
export function freeOf(inventory: Inventory | undefined, used = 0): number {
  return inventory === undefined ? 0 : inventory.total - inventory.reserved - used;
}
