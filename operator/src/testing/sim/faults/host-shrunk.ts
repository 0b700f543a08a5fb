// SPDX-License-Identifier: Apache-2.0
import type { HypervisorSpec } from "../../../api/v1alpha1/hypervisor.ts";
import { addUp } from "../../../core/placement/inventory.ts";
import { resources } from "../../../ports/kube.ts";
import { createServer } from "../acts/create-server.ts";
import { defineFault } from "../happening.ts";
import { committed } from "../invariants/committed.ts";
import type { SimNode } from "../world/node.ts";
import type { Chance } from "../world/streams.ts";
import type { World } from "../world/world.ts";

/** Some have the name of one that is there, and are not made. */
const serversComing = 3;

type Share = Pick<HypervisorSpec, "reserved" | "allocationRatios">;

export const hostShrunk = defineFault({
  name: "host-shrunk",
  says: "an administrator takes a part of a host away for a while, under what runs there or just as a server comes",
  weight: 4,
  async strike(world, chance) {
    const node = chance.pick(world.nodes);
    if (chance.isLucky(0.7)) lieInWait(world, chance);
    else if (node !== undefined) await shrink(world, chance, { node, share: someOf(node, chance) });
  },
});

/** Takes what is free of a host in use to which a server was just sent, and starts its agent anew. */
function lieInWait(world: World, chance: Chance): void {
  for (let server = 1; server <= serversComing; server += 1) {
    world.later(server * chance.whole(500, 5000), () => void createServer.strike(world, chance));
  }
  world.ambushes.lay(({ call, when }) => {
    if (call !== "kube.updateStatus Server" || when !== "after") return false;
    const node = world.node(hostOfNewcomer(world));
    if (node === undefined || committed(world.api.kube, node.name).length === 0) return false;
    node.agent.kill();
    void shrink(world, chance, { node, share: freeOf(node, world, chance) });
    return true;
  });
}

async function shrink(
  { people, later }: World,
  chance: Chance,
  { node, share }: { readonly node: SimNode; readonly share: Share },
): Promise<void> {
  await people.change(resources.hypervisors, node.name, { spec: share });
  later(chance.whole(5000, 150_000), () => {
    const whole = { spec: { reserved: null, allocationRatios: null } };
    void people.change(resources.hypervisors, node.name, whole);
  });
}

function someOf({ memoryMib }: SimNode, chance: Chance): Share {
  const ways = [
    { reserved: { MEMORY_MB: chance.whole(1000, memoryMib) } },
    { reserved: { DISK_GB: chance.whole(60, 100) } },
    { allocationRatios: { VCPU: 0.5 } },
  ];
  return chance.pick(ways) ?? {};
}

/** What no server has been promised yet, as the administrator sees it. */
function freeOf(node: SimNode, { api: { kube } }: World, chance: Chance): Share {
  const { memoryMib, diskGib, cpu } = node.facts();
  const used = addUp(committed(kube, node.name).map(({ spec }) => spec.resources));
  const { MEMORY_MB = 0, DISK_GB = 0, VCPU = 0 } = used;
  const ways = [
    { reserved: { MEMORY_MB: memoryMib - MEMORY_MB } },
    { reserved: { DISK_GB: diskGib - DISK_GB } },
    { allocationRatios: { VCPU: VCPU / cpu.cpus } },
  ];
  return chance.pick(ways) ?? {};
}

/** Where a server is sent of which no Guest tells yet. */
function hostOfNewcomer({ api: { kube } }: World): string | undefined {
  const known = new Set(kube.stored(resources.guests).map(({ metadata }) => metadata.name));
  const newcomer = kube
    .stored(resources.servers)
    .map(({ status }) => status?.run)
    .find((run) => run?.state === "Granted" && !known.has(run.guest));
  return newcomer?.host;
}
