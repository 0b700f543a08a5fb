// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

export const hypervisorVersion = defineWeigher({
  name: "hypervisor-version",
  source: "HypervisorVersionWeigher",
  about:
    "Newer hypervisors first: a server that starts on an old one may move to a new one, not back.",
  defaultMultiplier: 1,
  multiplierKey: "hypervisor_version_weight_multiplier",
  weigh: ({ hypervisorVersion: version = 0 }) => version,
});
