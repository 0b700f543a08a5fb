// SPDX-License-Identifier: Apache-2.0
import { kinds, type Guest } from "../../../api/kinds.ts";
import type { FakeKube } from "../../fake-kube.ts";
import type { World } from "../world/world.ts";
import { committed } from "./committed.ts";
import { defineInvariant } from "./invariant.ts";

/** Protocol P2: the host itself keeps the group's rule, whoever chose it. */
export const groupsKept = defineInvariant({
  name: "groups-kept",
  says: "no host takes more servers of a group than the group allows on one host",
  watch({ api, forgetting }: World) {
    let fault: string | undefined;
    api.onWrite(({ kind, object }) => {
      if (kind !== kinds.guest.kind || object === undefined) return;
      const guest = object as Guest;
      // What a restored API server has forgotten is taken back, whatever came there since.
      if (forgetting.hasForgotten(guest.spec.host)) return;
      fault ??= crowdOf(guest, api.kube);
    });
    return { afterStep: () => fault };
  },
});

function crowdOf({ metadata, spec, status }: Guest, kube: FakeKube): string | undefined {
  const { name, rule: { serversMax } = {} } = spec.group ?? {};
  if (serversMax === undefined || status?.claim?.state !== "Accepted") return undefined;
  const peers = committed(kube, spec.host).filter(
    (guest) => guest.metadata.namespace === metadata.namespace && guest.spec.group?.name === name,
  );
  const count = new Set(peers.map((guest) => guest.spec.server.uid)).size;
  if (count <= serversMax) return undefined;
  return `${spec.host} has ${count} servers of ${metadata.namespace}/${name}`;
}
