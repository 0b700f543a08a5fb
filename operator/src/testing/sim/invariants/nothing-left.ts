// SPDX-License-Identifier: Apache-2.0
import { label } from "../../../api/names.ts";
import { isReleased } from "../../../core/guest/release.ts";
import { resources, type ResourceType } from "../../../ports/kube.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

/** Liveness: everything that stands has an owner that wants it. */
export const nothingLeft = defineInvariant({
  name: "nothing-left",
  says: "once faults stop no pod, domain, directory, claim, mark or finalizer is left without its server",
  watch: (world) => ({
    missing: async () =>
      (await leftInApi(world)) ?? (await leftOnNodes(world)) ?? (await marksOf(world)),
  }),
});

async function leftInApi({ api: { kube }, people }: World): Promise<string | undefined> {
  const servers = new Set((await people.servers()).map(({ metadata }) => metadata.uid));
  const types: readonly ResourceType[] = [resources.guests, resources.pods, resources.servers];
  for (const type of types) {
    const { items } = await kube.list(type, { consistency: "quorum" });
    for (const { metadata } of items) {
      const what = `${type.kind} ${metadata.namespace}/${metadata.name}`;
      if (metadata.deletionTimestamp !== undefined) return `${what} does not go`;
      const uid = type === resources.servers ? metadata.uid : metadata.labels?.[label.serverUid];
      if (!servers.has(uid)) return `${what} has no Server`;
    }
  }
  return undefined;
}

async function leftOnNodes(world: World): Promise<string | undefined> {
  const { items } = await world.api.kube.list(resources.guests, { consistency: "quorum" });
  for (const node of world.nodes) {
    const here = items.filter(({ spec }) => spec.host === node.name);
    const isWanted = (serverUid: string, token: number): boolean =>
      here.some(({ spec }) => spec.server.uid === serverUid && spec.token === token);
    for (const { serverUid, token } of await node.disk.files.list()) {
      if (!isWanted(serverUid, token))
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
