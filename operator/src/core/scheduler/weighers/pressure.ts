// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

const pressures = ["PRESSURE_CPU", "PRESSURE_MEMORY", "PRESSURE_DISK"];

/** Hosts that say that they run short of something come later. Not in Nova. */
export const pressure = defineWeigher({
  name: "pressure",
  source: "none",
  defaultMultiplier: 10,
  multiplierKey: "pressure_weight_multiplier",
  isAdverse: true,
  floor: 0,
  weigh: ({ traits }) =>
    traits === undefined ? 0 : pressures.filter((name) => traits.has(name)).length,
});
