// SPDX-License-Identifier: Apache-2.0
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import { addUp, capacityOf, type Inventories } from "../placement/inventory.ts";

type Usage = NonNullable<HypervisorStatus["usage"]>;

/** What the claims hold of a host, each as used/capacity in whole units. */
export function usageOf(claims: readonly Resources[], inventories: Inventories = {}): Usage {
  const used = addUp(claims);
  const show = (resourceClass: string): string => {
    const inventory = inventories[resourceClass];
    const capacity = inventory === undefined ? 0 : Math.floor(capacityOf(inventory));
    return `${used[resourceClass] ?? 0}/${capacity}`;
  };
  return {
    servers: claims.length,
    vcpus: show("VCPU"),
    memory: show("MEMORY_MB"),
    disk: show("DISK_GB"),
  };
}
