// SPDX-License-Identifier: Apache-2.0
import { defineInvariant } from "./invariant.ts";

/** Protocol P1. Excepted are guests that a restored API server forgot, on a host that cannot say so. */
export const oneExecution = defineInvariant({
  name: "one-execution",
  says: "of each server at most one domain executes instructions, and each disk has one QEMU at most",
  watch: ({ nodes, forgetting }) => ({
    afterStep: () => {
      const executing = new Map<string, string>();
      const disks = new Map<object, string>();
      for (const node of nodes) {
        for (const { guest, disk, container } of node.guests()) {
          const { serverUid, token } = container.incarnation;
          const place = `token ${token} on ${node.name} in pod ${container.podUid}`;
          const other = disk && disks.get(disk);
          if (other !== undefined)
            return `server ${serverUid}: one disk, two QEMUs: ${other}; ${place}`;
          if (disk !== undefined) disks.set(disk, place);
          if (guest.status.state !== "running" || forgetting.isBeyondRules(container)) continue;
          const twin = executing.get(serverUid);
          if (twin !== undefined) return `server ${serverUid} executes twice: ${twin}; ${place}`;
          executing.set(serverUid, place);
        }
      }
      return undefined;
    },
  }),
});
