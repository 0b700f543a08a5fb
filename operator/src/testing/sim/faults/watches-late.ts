// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

const kinds = [
  "Server",
  "Guest",
  "Pod",
  "Hypervisor",
  "Node",
  "Lease",
  "Namespace",
  "Flavor",
  "NetworkAttachmentDefinition",
] as const;

export const watchesLate = defineFault({
  name: "watches-late",
  says: "changes of some kinds are seen late for a while, each kind by another time",
  weight: 4,
  strike({ api, later }, chance) {
    for (const kind of kinds) {
      if (!chance.isLucky(0.4)) continue;
      api.lag(kind, chance.whole(100, 15_000));
      later(chance.whole(5000, 60_000), () => api.lag(kind, 0));
    }
  },
});
