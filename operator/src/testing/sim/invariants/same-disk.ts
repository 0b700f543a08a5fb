// SPDX-License-Identifier: Apache-2.0
import type { Incarnation } from "../../../core/guest/paths.ts";
import type { FakeDisk } from "../../fake-guest-files.ts";
import type { SimNode } from "../world/node.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

interface Used {
  readonly node: SimNode;
  readonly incarnation: Incarnation;
  readonly disk: FakeDisk;
}

/**
 * A server that ran is never given another disk while its own is where it was: also not by an API server
 * that has forgotten that it ran. Excepted is what a host has that is silent or that the backup does not know, and
 * what was given up (docs/adr/0018).
 */
export const sameDisk = defineInvariant({
  name: "same-disk",
  says: "a server that ran goes on with the disk that it ran with",
  watch(world) {
    const used = new Map<string, Used>();
    return {
      afterStep: () => {
        for (const node of world.nodes) {
          for (const { guest, disk, container } of node.guests()) {
            if (disk === undefined || guest.status.state !== "running") continue;
            const { incarnation } = container;
            const before = used.get(incarnation.serverUid);
            if (before?.disk === disk) continue;
            used.set(incarnation.serverUid, { node, incarnation, disk });
            if (before === undefined || !isInPlace(before, world)) continue;
            return `server ${incarnation.serverUid} runs on ${node.name} with a new disk, and has one on ${before.node.name}`;
          }
        }
        return undefined;
      },
    };
  },
});

function isInPlace({ node, incarnation, disk }: Used, { forgetting }: World): boolean {
  const { files } = node.disk;
  if (files.disk(incarnation) !== disk || files.isAside(incarnation)) return false;
  return files.record(incarnation)?.isRetained !== true && !forgetting.isPassedOver(node.name);
}
