// SPDX-License-Identifier: Apache-2.0
import { capacityOf } from "../../placement/inventory.ts";
import { defineWeigher } from "../weigher.ts";

export const cpu = defineWeigher({
  name: "cpu",
  source: "CPUWeigher",
  about:
    "Virtual CPUs that may still be promised: unlike memory and disk, with the ratio, as in Nova.",
  defaultMultiplier: 1,
  multiplierKey: "cpu_weight_multiplier",
  floor: 0,
  weigh: ({ inventory, used }) => {
    const cpus = inventory?.["VCPU"];
    return cpus === undefined ? 0 : capacityOf(cpus) - (used["VCPU"] ?? 0);
  },
});
