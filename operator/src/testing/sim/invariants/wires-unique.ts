// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../../api/kinds.ts";
import { conditionOf } from "../../../core/lib/condition-set.ts";
import { resources } from "../../../ports/kube.ts";
import { macsOf } from "../world/guest-cards.ts";
import type { SimNode } from "../world/node.ts";
import type { ServerContainer } from "../world/server-container.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

/** Safety for what guests have on the networks of Multus; liveness for who waits until another is gone. */
export const wiresUnique = defineInvariant({
  name: "wires-unique",
  says: "no two guests that run have a hardware or IP address of one network in common; who waits has cause to",
  watch: (world) => ({
    afterStep: () => sharedAddress(world),
    missing: async () => waitsInVain(await world.people.servers(), world),
  }),
});

function sharedAddress(world: World): string | undefined {
  const owners = new Map<string, string>();
  for (const [serverUid, place] of world.nodes.flatMap((node) => placesOn(node, world))) {
    const owner = owners.get(place) ?? serverUid;
    if (owner !== serverUid) return `${place} is of server ${owner}, and of ${serverUid}`;
    owners.set(place, owner);
  }
  return undefined;
}

/** Excepted are guests that an administrator gave up, and those that a restored API server forgot. */
function placesOn(
  node: SimNode,
  { people, forgetting }: World,
): [serverUid: string, place: string][] {
  return [...node.containers.values()].flatMap((container) => {
    const { serverUid } = container.incarnation;
    if (container.network.attached.size === 0 || people.abandoned.has(serverUid)) return [];
    if (forgetting.isBeyondRules(container)) return [];
    return placesOf(container).map((place): [string, string] => [serverUid, place]);
  });
}

/** What a container's guest has on each wire. */
function placesOf({ daemon, network }: ServerContainer): string[] {
  const [guest] = daemon.guests();
  if (guest?.status.state !== "running") return [];
  return macsOf(guest).flatMap((mac, card) => {
    const wire = network.attached.get(`net${card}`)?.wire;
    if (wire === undefined) return [];
    const address = network.cards.get(mac)?.address;
    return [`${wire} ${mac}`, ...(address === undefined ? [] : [`${wire} ${address}`])];
  });
}

function waitsInVain(servers: readonly Server[], { api }: World): string | undefined {
  const defined = api.kube.stored(resources.networkAttachments).map(({ metadata }) => metadata);
  for (const server of servers) {
    const { namespace, name } = server.metadata;
    const reason = conditionOf(server.status?.conditions, "Ready")?.reason;
    const asked = askedFor(server);
    const isShared = servers.some(
      (other) => other !== server && askedFor(other).some((place) => asked.includes(place)),
    );
    if (reason === "AddressInUse" && !isShared) {
      return `Server ${namespace}/${name} waits for an address that no other asks for`;
    }
    const isDefined = (server.spec.networks ?? []).every(({ networkAttachment: wire }) => {
      const isIt = (one: (typeof defined)[number]): boolean =>
        one.namespace === namespace && one.name === wire?.name;
      return wire === undefined || defined.some(isIt);
    });
    if (reason === "NetworkAttachmentNotFound" && isDefined) {
      return `Server ${namespace}/${name} waits for a network that is there`;
    }
  }
  return undefined;
}

/** The hardware and IP addresses of its spec, each with its network. */
function askedFor({ metadata, spec }: Server): string[] {
  return (spec.networks ?? []).flatMap(({ mac, networkAttachment: wire }) =>
    wire === undefined
      ? []
      : [mac, wire.address].flatMap((one) =>
          one === undefined ? [] : [`${metadata.namespace}/${wire.name} ${one}`],
        ),
  );
}
