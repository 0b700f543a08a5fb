// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineFault } from "../happening.ts";

export const podLost = defineFault({
  name: "pod-lost",
  says: "somebody deletes a server pod, gently or by force, or the node kills it",
  weight: 4,
  async strike({ api, people, nodes }, chance) {
    const { items } = await api.kube.list(resources.pods, { consistency: "quorum" });
    const pod = chance.pick(items);
    if (pod === undefined) return;
    const { uid = "", namespace, name } = pod.metadata;
    const container = nodes
      .map((node) => node.containers.get(uid))
      .find((one) => one !== undefined);
    const key = `${namespace}/${name}`;
    const ways = [
      () => people.deletePod(key, undefined),
      () => people.deletePod(key, 0),
      () => people.deletePod(key, 2),
      async () => container?.kill(),
    ];
    await chance.pick(ways)?.();
  },
});
