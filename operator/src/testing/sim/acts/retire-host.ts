// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import { resources } from "../../../ports/kube.ts";
import { defineAct } from "../happening.ts";
import type { SimNode } from "../world/node.ts";
import type { World } from "../world/world.ts";

const lookMs = 15_000;
const looksMax = 6;

export const retireHost = defineAct({
  name: "retire-host",
  says: "an administrator takes a node's label away, and the node out of the cluster once nothing is on it",
  weight: 0.5,
  async strike(world, chance) {
    const node = world.nodes.length > 1 ? chance.pick(world.nodes) : undefined;
    if (node === undefined) return;
    await setLabel(world, node, null);
    let isOver = false;
    for (let look = 1; look <= looksMax; look += 1) {
      world.later(look * lookMs, () => {
        if (isOver) return;
        isOver = look === looksMax || isEmpty(world, node);
        if (isOver) void end(world, node);
      });
    }
  },
});

/** Takes it out, or back into service where servers stay, or a backup would bring them back. */
async function end(world: World, node: SimNode): Promise<void> {
  if (world.api.kube.backups > 0 || !isEmpty(world, node)) return setLabel(world, node, "true");
  world.removeNode(node);
  await world.people.remove(resources.nodes, node.name);
}

function isEmpty({ api: { kube } }: World, { name }: SimNode): boolean {
  const isThere = kube.stored(resources.guests).some(({ spec }) => spec.host === name);
  const runs = kube.stored(resources.servers).map(({ status }) => status?.run);
  return !isThere && !runs.some((run) => run?.host === name && run.state !== "Released");
}

function setLabel({ people }: World, { name }: SimNode, value: string | null): Promise<void> {
  return people.change(resources.nodes, name, {
    metadata: { labels: { [label.hypervisor]: value } },
  });
}
