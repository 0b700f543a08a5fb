// SPDX-License-Identifier: Apache-2.0
/** What has to be so of the networks of Multus before a server is given a host, or a pod. */
import type { Refusal } from "../../api/conditions.ts";
import type { Server } from "../../api/kinds.ts";
import { guestNetworks } from "../guest/network/resolve.ts";
import { uidOf } from "../guest/resolve.ts";
import type { Neighbour, ServerState } from "./state.ts";

/** The first network of the spec whose NetworkAttachmentDefinition is not there. */
export function missingAttachment({ server, attachmentOf }: ServerState): Refusal | undefined {
  const { namespace } = server.metadata;
  for (const { name, networkAttachment } of server.spec.networks ?? []) {
    if (networkAttachment === undefined || attachmentOf(networkAttachment.name)) continue;
    const message = `network ${name}: namespace ${namespace} has no NetworkAttachmentDefinition ${networkAttachment.name}: create it`;
    return { ok: false, reason: "NetworkAttachmentNotFound", message };
  }
  return undefined;
}

/**
 * Whether another server on the same network was there first with a hardware or IP address of this one.
 * Of two that ask, the one with the right to run stays, else the older. Source: Neutron refuses the
 * port (MacAddressInUse, IpAddressInUse).
 */
export function addressInUse({ server, neighbours }: ServerState): Refusal | undefined {
  const cards = cardsOf(server);
  for (const neighbour of neighbours()) {
    if (!isFirst(neighbour, server)) continue;
    const theirs = cardsOf(neighbour.server);
    const clashes = cards.flatMap((card) => theirs.flatMap((their) => clashesOf(card, their)));
    if (clashes.length === 0) continue;
    const { name } = neighbour.server.metadata;
    const message = `server ${name} was first with ${clashes.join(", and with ")}: delete it, or make this server anew with another one`;
    return { ok: false, reason: "AddressInUse", message };
  }
  return undefined;
}

/** What no two servers may have: an attachment of a namespace, with a hardware or IP address there. */
export function cardKeys(server: Server): string[] {
  const { namespace } = server.metadata;
  return cardsOf(server).flatMap(({ attachment, mac, addresses }) =>
    [mac, ...addresses].map((address) => `${namespace}/${attachment} ${address}`),
  );
}

function isFirst({ server, isGranted }: Neighbour, other: Server): boolean {
  return isGranted || ageKey(server) < ageKey(other);
}

/** Sorts by age; of those made in the same second, one is the older for everybody. */
function ageKey(server: Server): string {
  return `${server.metadata.creationTimestamp} ${uidOf(server)}`;
}

/** A card on a network of Multus, by its place in the spec. */
interface Card {
  readonly path: string;
  readonly attachment: string;
  readonly mac: string;
  /** From the spec, or what IPAM gave. */
  readonly addresses: readonly string[];
}

function cardsOf(server: Server): Card[] {
  const { networks } = server.spec;
  // Most servers have none, and every look at a server comes by here.
  if (!networks?.some(({ networkAttachment }) => networkAttachment)) return [];
  const cards = guestNetworks(networks, server.spec.uuid ?? uidOf(server));
  return cards.flatMap(({ name, mac, networkAttachment }, index): Card[] => {
    if (networkAttachment === undefined) return [];
    const given = (server.status?.addresses ?? []).filter(({ network }) => network === name);
    const [asked] = networkAttachment.address?.split("/") ?? [];
    return [
      {
        path: `spec.networks[${index}]`,
        attachment: networkAttachment.name,
        mac,
        addresses: asked === undefined ? given.map(({ address }) => address) : [asked],
      },
    ];
  });
}

function clashesOf(card: Card, their: Card): string[] {
  if (card.attachment !== their.attachment) return [];
  const where = `on NetworkAttachmentDefinition ${card.attachment}`;
  const shared = card.addresses.find((address) => their.addresses.includes(address));
  return [
    ...(card.mac === their.mac
      ? [`${card.path}.mac ${card.mac} (its ${their.path}.mac) ${where}`]
      : []),
    ...(shared === undefined
      ? []
      : [`${card.path}.networkAttachment.address ${shared} (its ${their.path}) ${where}`]),
  ];
}
