// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { Inventory } from "../../api/v1alpha1/hypervisor.ts";
import { capacityOf, type Inventories } from "./inventory.ts";

/** Why an amount of one resource class cannot be taken. */
export interface Shortage {
  readonly resourceClass: string;
  /** What was asked for, in the unit of the class. */
  readonly amount: number;
  readonly rule: "NoInventory" | "BelowMinUnit" | "AboveMaxUnit" | "OffStep" | "OverCapacity";
}

/**
 * What keeps a claim from being taken beside what is used already: one entry for each class that falls
 * short, sorted by class; empty when the claim may be taken. An amount of 0 takes nothing. The
 * scheduler and the host's agent both decide by this function. Source: nova-semantics 5.1.
 */
export function shortagesOf(
  inventories: Inventories,
  used: Readonly<Resources>,
  claim: Readonly<Resources>,
): Shortage[] {
  return Object.entries(claim)
    .filter(([, amount]) => amount > 0)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([resourceClass, amount]) => {
      const rule = brokenRuleOf(inventories[resourceClass], used[resourceClass] ?? 0, amount);
      return rule === undefined ? [] : [{ resourceClass, amount, rule }];
    });
}

/** Whether `shortagesOf` would find nothing: the same question, for those who ask it of thousands of hosts. */
export function fits(
  inventories: Inventories,
  used: Readonly<Resources>,
  claim: Readonly<Resources>,
): boolean {
  for (const name in claim) {
    const amount = claim[name] ?? 0;
    if (amount > 0 && brokenRuleOf(inventories[name], used[name] ?? 0, amount) !== undefined) {
      return false;
    }
  }
  return true;
}

/** The first rule that keeps an amount from being taken beside what is used; undefined when none does. */
export function brokenRuleOf(
  inventory: Inventory | undefined,
  used: number,
  amount: number,
): Shortage["rule"] | undefined {
  if (inventory === undefined) return "NoInventory";
  if (amount < inventory.minUnit) return "BelowMinUnit";
  if (amount > inventory.maxUnit) return "AboveMaxUnit";
  if (amount % inventory.stepSize !== 0) return "OffStep";
  return used + amount > capacityOf(inventory) ? "OverCapacity" : undefined;
}

const units: Readonly<Record<string, string>> = { MEMORY_MB: "MiB", DISK_GB: "GiB" };

/** A shortage as the predicate of a sentence about one host, for example `lacks 512 MiB MEMORY_MB`. */
export function describeShortage({ resourceClass, amount, rule }: Shortage): string {
  const unit = units[resourceClass];
  const asked = `${amount}${unit === undefined ? "" : ` ${unit}`}`;
  switch (rule) {
    case "NoInventory":
      return `offers no ${resourceClass}`;
    case "BelowMinUnit":
    case "AboveMaxUnit":
    case "OffStep":
      return `does not hand out ${asked} ${resourceClass} in one piece`;
    case "OverCapacity":
      return `lacks ${asked} ${resourceClass}`;
  }
}
