// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

const devicesMax = 100;

export const devices = defineWeigher({
  name: "devices",
  source: "PCIWeigher",
  about: "Hosts with few free devices first: those with many are kept for servers that need them.",
  defaultMultiplier: 1,
  multiplierKey: "pci_weight_multiplier",
  weigh({ devices: pools = [] }) {
    const free = pools.reduce((sum, { count }) => sum + count, 0);
    return devicesMax - Math.min(free, devicesMax - 1);
  },
});
