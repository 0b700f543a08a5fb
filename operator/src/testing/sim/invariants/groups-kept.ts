// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../../api/kinds.ts";
import type { World } from "../world/world.ts";
import { committed } from "./committed.ts";
import { defineInvariant } from "./invariant.ts";

/** Protocol P2: the host itself keeps the group's rule, whoever chose it. */
export const groupsKept = defineInvariant({
  name: "groups-kept",
  says: "no host takes more servers of a group than the group allows on one host",
  watch({ api, people }: World) {
    let fault: string | undefined;
    api.onWrite(({ kind, object }) => {
      if (kind !== "Guest" || object === undefined) return;
      const { metadata, spec, status } = object as Guest;
      const { group, host } = spec;
      const { serversMax } = group?.rule ?? {};
      // A restored API server has forgotten claims that hosts took.
      if (serversMax === undefined || people.restores > 0) return;
      if (status?.claim?.state !== "Accepted") return;
      const peers = committed(api.kube, host).filter(
        (guest) =>
          guest.metadata.namespace === metadata.namespace && guest.spec.group?.name === group?.name,
      );
      const count = new Set(peers.map((guest) => guest.spec.server.uid)).size;
      if (count <= serversMax) return;
      fault ??= `${host} has ${count} servers of ${metadata.namespace}/${group?.name}`;
    });
    return { afterStep: () => fault };
  },
});
