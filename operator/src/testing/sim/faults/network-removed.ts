// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";
import { namespaces, wires } from "../world/people.ts";

export const networkRemoved = defineFault({
  name: "network-removed",
  says: "an administrator removes a NetworkAttachmentDefinition under whoever names it, and makes it anew later",
  weight: 1,
  async strike({ people, later }, chance) {
    const namespace = chance.pick(namespaces) ?? "";
    const wire = chance.pick(wires);
    if (wire === undefined) return;
    await people.removeNetwork(namespace, wire);
    later(chance.whole(100, 60_000), () => void people.defineNetwork(namespace, wire));
  },
});
