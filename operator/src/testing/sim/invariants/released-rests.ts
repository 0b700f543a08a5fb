// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../../api/kinds.ts";
import type { NodeDisk } from "../world/node-disk.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

/** Protocol P1: what "released" says, at the moment at which it is said and ever after. */
export const releasedRests = defineInvariant({
  name: "released-rests",
  says: "a run right is given back when its domain is off and its token is on the node's disk, and then rests",
  watch({ nodes, api }: World) {
    let broken: string | undefined;
    /** A node that is installed anew has another disk: what was said of the first stays true. */
    const disks = new Map<string, Set<NodeDisk>>();
    api.onWrite(({ kind, verb, object }) => {
      if (kind !== "Guest" || verb !== "updateStatus" || object === undefined) return;
      const { spec, status = {} } = object as Guest;
      const incarnation = { serverUid: spec.server.uid, token: spec.token };
      const isOnDisk = [...(disks.get(spec.host) ?? [])].some(({ released }) =>
        released.has(incarnation),
      );
      if (status.isReleased !== true || isOnDisk) return;
      broken ??= `${spec.host} says that ${spec.server.uid}/${spec.token} is released, its disk does not`;
    });
    return {
      afterStep: () => {
        for (const node of nodes) {
          disks.set(node.name, (disks.get(node.name) ?? new Set()).add(node.disk));
          for (const { guest, container } of node.guests()) {
            const { incarnation } = container;
            if (guest.status.state !== "running" || !node.disk.released.has(incarnation)) continue;
            return `${node.name} executes ${incarnation.serverUid}/${incarnation.token}, which it released`;
          }
        }
        return broken;
      },
    };
  },
});
