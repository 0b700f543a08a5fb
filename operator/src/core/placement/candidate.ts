// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";

/** One way to satisfy a request. */
export interface AllocationCandidate {
  /** The tree that it was found from. */
  readonly root: string;
  /** Amounts by provider. */
  readonly allocations: ReadonlyMap<string, Readonly<Resources>>;
  /** Which providers each group takes from, by suffix. */
  readonly mappings: ReadonlyMap<string, readonly string[]>;
}

/** Equal for candidates that take the same amounts for the same groups. */
export function keyOfCandidate({ allocations, mappings }: AllocationCandidate): string {
  const taken = [...allocations].flatMap(([uuid, amounts]) =>
    Object.entries(amounts).map(([resourceClass, amount]) => [uuid, resourceClass, amount].join()),
  );
  const groups = [...mappings].map(([suffix, uuids]) => `${suffix}=${uuids.toSorted().join()}`);
  return JSON.stringify([taken.toSorted(), groups.toSorted()]);
}
