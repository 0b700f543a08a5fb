// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

const pressures = ["PRESSURE_CPU", "PRESSURE_MEMORY", "PRESSURE_DISK"];

export const pressure = defineWeigher({
  name: "pressure",
  source: "none",
  about: "Hosts that say that they run short of something come later.",
  defaultMultiplier: 10,
  multiplierKey: "pressure_weight_multiplier",
  isAdverse: true,
  floor: 0,
  weigh: ({ traits }) =>
    traits === undefined ? 0 : pressures.filter((name) => traits.has(name)).length,
});
