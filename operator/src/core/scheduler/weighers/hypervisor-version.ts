// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

/** Newer hypervisors first: a server that starts on an old one may move to a new one, not back. */
export const hypervisorVersion = defineWeigher({
  name: "hypervisor-version",
  source: "HypervisorVersionWeigher",
  defaultMultiplier: 1,
  multiplierKey: "hypervisor_version_weight_multiplier",
  weigh: ({ hypervisorVersion: version = 0 }) => version,
});
