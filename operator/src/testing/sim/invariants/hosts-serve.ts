// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import { resources } from "../../../ports/kube.ts";
import { defineInvariant } from "./invariant.ts";

export const hostsServe = defineInvariant({
  name: "hosts-serve",
  says: "once faults stop every labelled node has a Hypervisor that is up and says what it offers",
  watch: ({ api: { kube } }) => ({
    missing: async () => {
      const { items } = await kube.list(resources.hypervisors, { consistency: "quorum" });
      const nodes = await kube.list(resources.nodes, {
        labelSelector: `${label.hypervisor}=true`,
        consistency: "quorum",
      });
      for (const { metadata: node } of nodes.items) {
        const { name } = node;
        const status = items.find(({ metadata }) => metadata.name === name)?.status;
        if (status?.state !== "up") return `Hypervisor ${name} is ${status?.state ?? "missing"}`;
        if (status.inventory === undefined) return `Hypervisor ${name} offers nothing`;
      }
      return undefined;
    },
  }),
});
