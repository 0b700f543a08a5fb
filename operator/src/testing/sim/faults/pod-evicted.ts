// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const podEvicted = defineFault({
  name: "pod-evicted",
  says: "a kubelet ends a server pod for want of room on its node",
  weight: 2,
  strike({ nodes, trace }, chance) {
    const node = chance.pick(nodes.filter(({ containers }) => containers.size > 0));
    const uid = chance.pick([...(node?.containers.keys() ?? [])]);
    if (node === undefined || uid === undefined) return;
    trace.add("story", `${node.name} evicts ${node.containers.get(uid)?.key}`);
    node.evict(uid);
  },
});
