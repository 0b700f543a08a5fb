// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import { resources } from "../../../ports/kube.ts";
import { defineFault } from "../happening.ts";

const labels = (value: string | null) => ({
  metadata: { labels: { [label.hypervisor]: value } },
});

export const hostClosed = defineFault({
  name: "host-closed",
  says: "an administrator cordons a node, takes its label away or disables its hypervisor for a while",
  weight: 2,
  async strike({ nodes, people, later }, chance) {
    const name = chance.pick(nodes)?.name ?? "";
    const ways = [
      [resources.nodes, { spec: { unschedulable: true } }, { spec: { unschedulable: null } }],
      [resources.nodes, labels(null), labels("true")],
      [resources.hypervisors, { spec: { isDisabled: true } }, { spec: { isDisabled: false } }],
    ] as const;
    const [type, closing, opening] = chance.pick(ways) ?? ways[0];
    await people.change(type, name, closing);
    later(chance.whole(2000, 90_000), () => void people.change(type, name, opening));
  },
});
