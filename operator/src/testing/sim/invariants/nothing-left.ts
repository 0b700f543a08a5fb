// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import type { Incarnation } from "../../../core/guest/paths.ts";
import { isReleased } from "../../../core/guest/release.ts";
import { resources, type ResourceType } from "../../../ports/kube.ts";
import type { SimNode } from "../world/node.ts";
import type { FakeKube } from "../../fake-kube.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

/** Liveness: everything that stands has an owner that wants it. */
export const nothingLeft = defineInvariant({
  name: "nothing-left",
  says: "once faults stop no pod, domain, directory, claim, address, mark or finalizer is left without its server",
  watch: (world) => ({
    missing: async () =>
      (await leftInApi(world)) ?? (await leftOnNodes(world)) ?? (await marksOf(world)),
  }),
});

async function leftInApi({ api: { kube }, people }: World): Promise<string | undefined> {
  const servers = new Set((await people.servers()).map(({ metadata }) => metadata.uid));
  const { guests, pods, ipamClaims } = resources;
  const types: readonly ResourceType[] = [guests, pods, ipamClaims, resources.servers];
  for (const type of types) {
    const { items } = await kube.list(type, { consistency: "quorum" });
    for (const { metadata } of items) {
      const what = `${type.kind} ${metadata.namespace}/${metadata.name}`;
      if (metadata.deletionTimestamp !== undefined) return `${what} does not go`;
      const uid = type === resources.servers ? metadata.uid : metadata.labels?.[label.serverUid];
      if (!servers.has(uid)) return `${what} has no Server`;
    }
  }
  return budgetLeft(kube);
}

/** Drains are held back where there are servers, and nowhere else. */
function budgetLeft(kube: FakeKube): string | undefined {
  const used = new Set(kube.stored(resources.servers).map(({ metadata }) => metadata.namespace));
  const budgets = kube.stored(resources.podDisruptionBudgets);
  const left = budgets.find(({ metadata }) => !used.has(metadata.namespace));
  return left && `PodDisruptionBudget of ${left.metadata.namespace} has no Servers`;
}

async function leftOnNodes(world: World): Promise<string | undefined> {
  const { items } = await world.api.kube.list(resources.guests, { consistency: "quorum" });
  for (const node of world.nodes) {
    const here = items.filter(({ spec }) => spec.host === node.name);
    const isWanted = (serverUid: string, token: number): boolean =>
      here.some(({ spec }) => spec.server.uid === serverUid && spec.token === token);
    for (const { serverUid, token } of await node.disk.files.list()) {
      if (isWanted(serverUid, token)) continue;
      if (await isKept(world, node, { serverUid, token })) continue;
      return `${node.name} keeps a directory of ${serverUid}/${token}`;
    }
    for (const { guest, container } of node.guests()) {
      const { serverUid, token } = container.incarnation;
      const isExecuting = guest.status.state === "running";
      if (isExecuting && !isWanted(serverUid, token)) {
        return `${node.name} executes ${serverUid}/${token} that no Guest stands for`;
      }
    }
  }
  return undefined;
}

/**
 * After a restore a host keeps what only it remembers: the disk of a guest that was given up (docs/adr/0018),
 * and directories that are too many to be set aside by themselves, which it lists (protocol P4).
 */
async function isKept(world: World, node: SimNode, incarnation: Incarnation): Promise<boolean> {
  if (world.people.restores === 0) return false;
  const record = await node.disk.files.readRecord(incarnation);
  if (record?.isRetained === true) return true;
  const { serverUid, token } = incarnation;
  const { status } = await world.api.kube.get(resources.hypervisors, { name: node.name });
  const { orphans = [] } = status ?? {};
  return orphans.some((orphan) => orphan.serverUid === serverUid && orphan.token === token);
}

/** Nodes are marked as in use as long as a Guest stands there. */
async function marksOf({ api: { kube } }: World): Promise<string | undefined> {
  const guests = (await kube.list(resources.guests, { consistency: "quorum" })).items;
  const used = new Set(guests.filter((guest) => !isReleased(guest)).map(({ spec }) => spec.host));
  for (const { metadata } of (await kube.list(resources.nodes, { consistency: "quorum" })).items) {
    const isMarked = metadata.labels?.[label.inUse] === "true";
    if (isMarked === used.has(metadata.name)) continue;
    return `node ${metadata.name} is ${isMarked ? "" : "not "}marked as in use`;
  }
  return undefined;
}
