// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../../api/kinds.ts";
import { conditionOf } from "../../../core/lib/condition-set.ts";
import type { FakeGuest } from "../../fake-guest.ts";
import { macsOf } from "../world/guest-cards.ts";
import type { PodNetwork } from "../world/pod-network.ts";
import type { ServerContainer } from "../world/server-container.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

/** A server that has a QEMU, and the pod in which it is. */
export interface Standing {
  readonly server: Server;
  readonly guest: FakeGuest;
  readonly container: ServerContainer;
}

/** Liveness for what the network of a pod shall be; safety for what a guest is told of it. */
export const guestsReached = defineInvariant({
  name: "guests-reached",
  says: "a guest keeps its private address and its MTU; once faults stop its pod's address leads to it, and its Server tells that one",
  watch: (world) => ({
    afterStep: () => toldAnew(world),
    missing: async () => {
      for (const standing of await standingServers(world)) {
        if (!isRunning(standing)) continue;
        const fault = unreached(standing) ?? silentMtu(standing);
        if (fault === undefined) continue;
        const { namespace, name } = standing.server.metadata;
        return `Server ${namespace}/${name} in pod ${standing.container.podUid}: ${fault}`;
      }
      return undefined;
    },
  }),
});

/** Servers that are not gone, each with its QEMU. */
export async function standingServers({ nodes, people }: World): Promise<Standing[]> {
  const servers = new Map((await people.servers()).map((one) => [one.metadata.uid, one]));
  return nodes.flatMap((node) =>
    node.guests().flatMap(({ guest, container }) => {
      const server = servers.get(container.incarnation.serverUid);
      return server === undefined ? [] : [{ server, guest, container }];
    }),
  );
}

/** Its guest executes instructions. */
export function isRunning({ guest }: Standing): boolean {
  return guest.status.state === "running";
}

/** What a guest was told once is so until it ends. */
function toldAnew({ nodes }: World): string | undefined {
  for (const node of nodes) {
    for (const { network, key } of node.containers.values()) {
      if (network.fault !== undefined) return `pod ${key} on ${node.name}: ${network.fault}`;
    }
  }
  return undefined;
}

const privateAddress = "10.0.2.2";
const networksDefault: NonNullable<Server["spec"]["networks"]> = [{ name: "default", pod: {} }];

/** A card of a running guest: what it knows of it, and what it shall. */
interface WantedCard {
  readonly network: string;
  readonly known: string | undefined;
  readonly wanted: string;
  readonly isOnPodNetwork: boolean;
}

function cardsOf({ server, guest, container: { network } }: Standing): WantedCard[] {
  return (server.spec.networks ?? networksDefault).map(
    ({ name, pod, networkAttachment }, index) => {
      const given = network.attached.get(`net${index}`)?.link.addresses[0];
      const attached = hostOf(networkAttachment?.address ?? given);
      return {
        network: name,
        known: network.cards.get(macsOf(guest)[index] ?? "")?.address,
        wanted: pod === undefined ? attached : (pod.address ?? privateAddress),
        isOnPodNetwork: pod !== undefined,
      };
    },
  );
}

function unreached(standing: Standing): string | undefined {
  const { namespace } = standing.container.network;
  const own = podAddress(standing.container.network);
  const addresses: string[] = [];
  for (const { network, known, wanted, isOnPodNetwork } of cardsOf(standing)) {
    if (known !== wanted) return `its guest has ${known} on network ${network}, and not ${wanted}`;
    addresses.push(`fixed ${network} ${wanted}`);
    if (!isOnPodNetwork) continue;
    addresses.push(`floating ${network} ${own}`);
    const isLed = namespace.rules.includes(`ip daddr { ${own} } dnat to ${wanted}`);
    if (!isLed) return `its pod at ${own} leads nothing to ${wanted}`;
  }
  const said = standing.server.status?.addresses ?? [];
  return unlike(
    addresses,
    said.map((one) => `${one.type} ${one.network} ${one.address}`),
  );
}

function unlike(addresses: readonly string[], said: readonly string[]): string | undefined {
  const isSo = said.toSorted().join() === addresses.toSorted().join();
  return isSo ? undefined : `it has ${addresses.join()}, its Server tells ${said.join()}`;
}

/** An address without the length of its network. */
function hostOf(address = ""): string {
  return address.split("/")[0] ?? "";
}

/** The address that others know: the cluster's network plugin gave it to the pod. */
export function podAddress({ namespace }: PodNetwork): string {
  return hostOf(namespace.links[0]?.addresses[0]);
}

function silentMtu({ server, guest, container: { network } }: Standing): string | undefined {
  const macs = macsOf(guest);
  const differ = macs.some((mac, index) => {
    const card = network.cards.get(mac);
    const link = network.namespace.links.find(({ name }) => name === uplinkOf(server, index));
    return card !== undefined && link !== undefined && card.mtu !== link.mtu;
  });
  const isTold = conditionOf(server.status?.conditions, "RestartRequired")?.status === "True";
  if (isTold === differ) return undefined;
  return differ
    ? "nobody says that it has another MTU than its network"
    : "it need not be restarted";
}

/** The interface of the pod that leads to the network of a card. */
function uplinkOf({ spec }: Server, index: number): string {
  const network = spec.networks?.[index];
  return network === undefined || network.pod !== undefined ? "eth0" : `net${index}`;
}
