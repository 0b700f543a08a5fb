// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineInvariant } from "./invariant.ts";

export const hostsServe = defineInvariant({
  name: "hosts-serve",
  says: "once faults stop every labelled node has a Hypervisor that is up and says what it offers",
  watch: ({ nodes, api: { kube } }) => ({
    missing: async () => {
      const { items } = await kube.list(resources.hypervisors, { consistency: "quorum" });
      for (const { name } of nodes) {
        const status = items.find(({ metadata }) => metadata.name === name)?.status;
        if (status?.state !== "up") return `Hypervisor ${name} is ${status?.state ?? "missing"}`;
        if (status.inventory === undefined) return `Hypervisor ${name} offers nothing`;
      }
      return undefined;
    },
  }),
});
