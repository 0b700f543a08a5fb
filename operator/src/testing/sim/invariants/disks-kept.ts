// SPDX-License-Identifier: Apache-2.0
import type { Incarnation } from "../../../core/guest/paths.ts";
import type { FakeDisk } from "../../fake-guest-files.ts";
import type { NodeDisk } from "../world/node-disk.ts";
import { defineInvariant } from "./invariant.ts";

interface Kept {
  readonly nodeDisk: NodeDisk;
  readonly incarnation: Incarnation;
}

/** Protocol P4: a disk that a guest wrote to goes only with its Server, at its owner's word. */
export const disksKept = defineInvariant({
  name: "disks-kept",
  says: "the disk of a guest that ran is destroyed only when its owner deleted the server",
  watch({ nodes, people }) {
    const kept = new Map<FakeDisk, Kept>();
    return {
      afterStep: () => {
        for (const node of nodes) {
          for (const { guest, disk, container } of node.guests()) {
            if (disk === undefined || guest.status.state !== "running" || kept.has(disk)) continue;
            kept.set(disk, { nodeDisk: node.disk, incarnation: container.incarnation });
          }
        }
        for (const [disk, { nodeDisk, incarnation }] of kept) {
          if (nodeDisk.files.disk(incarnation) === disk) continue;
          kept.delete(disk);
          const { serverUid, token } = incarnation;
          if (people.wishes.get(serverUid)?.isDeletionAsked === true) continue;
          return `the disk of server ${serverUid}, token ${token}, is gone, and nobody wanted that`;
        }
        return undefined;
      },
    };
  },
});
