// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import { resources } from "../../../ports/kube.ts";
import { defineInvariant } from "./invariant.ts";

export const hostsServe = defineInvariant({
  name: "hosts-serve",
  says: "once faults stop every labelled node has a Hypervisor that is up and says what it offers, and none that is gone has one",
  watch: ({ nodes, api: { kube } }) => ({
    missing: async () => {
      const items = kube.stored(resources.hypervisors);
      const names = new Set(nodes.map(({ name }) => name));
      const left = items.find(({ metadata }) => !names.has(metadata.name));
      if (left !== undefined) return `Hypervisor ${left.metadata.name} has no node`;
      for (const { metadata: node } of kube.stored(resources.nodes)) {
        if (node.labels?.[label.hypervisor] !== "true") continue;
        const { name } = node;
        const status = items.find(({ metadata }) => metadata.name === name)?.status;
        if (status?.state !== "up") return `Hypervisor ${name} is ${status?.state ?? "missing"}`;
        if (status.inventory === undefined) return `Hypervisor ${name} offers nothing`;
      }
      return undefined;
    },
  }),
});
