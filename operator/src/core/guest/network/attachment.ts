// SPDX-License-Identifier: Apache-2.0
/**
 * A card on a network that Multus attached to the pod: a bridge in the pod joins the guest with the pod's
 * end of the wire. The guest has the hardware address and the IP address that the network expects there.
 */
import type { Refusal } from "../../../api/conditions.ts";
import type { GuestNetwork } from "../../../api/v1alpha1/network.ts";
import { isIpv4, mtuOf, type Part, type PodNetworking, tapIfNew, withoutPrefix } from "./card.ts";
import { attachmentName, bridgeName, type Link, tapName } from "./links.ts";
import { gatewayMac } from "./private-network.ts";
import { confinedDhcp } from "./ruleset.ts";

interface AttachedCard {
  readonly network: GuestNetwork;
  readonly card: number;
  /** From the spec. */
  readonly address: string | undefined;
}

/** What the card needs in its pod, or why it cannot be connected. */
export function planAttachment(
  { network, card, address }: AttachedCard,
  pod: PodNetworking,
): Part | Refusal {
  const { name, mac } = network;
  const uplink = pod.links.find((link) => link.name === attachmentName(card));
  if (uplink === undefined) return notAttached(network, attachmentName(card));
  const mtus = mtuOf(name, uplink, pod);
  const { mtu } = mtus;
  const given = address ?? givenByIpam(uplink);
  const [bridge, tap] = [bridgeName(card), tapName(card)];
  const hasBridge = pod.links.some((link) => link.name === bridge);
  const lease = given === undefined ? undefined : leaseOf(given, { device: bridge, mac, mtu }, pod);
  return {
    ok: true,
    links: [
      // Where the next agent finds what IPAM gave: the pod itself must not answer for it any more.
      ...(given === undefined ? [] : [`link set dev ${uplink.name} alias ${given}`]),
      `address flush dev ${uplink.name}`,
      `link set dev ${uplink.name} address ${otherThan(mac)}`,
      ...(hasBridge ? [] : [`link add name ${bridge} type bridge mcast_snooping 0`]),
      ...tapIfNew(tap, pod),
      `link set dev ${uplink.name} master ${bridge} up`,
      `link set dev ${tap} address ${gatewayMac} mtu ${mtu} master ${bridge} up`,
      `link set dev ${bridge} mtu ${mtu} up`,
    ],
    parameters: {},
    rules: lease === undefined ? "" : confinedDhcp({ bridge, uplink: uplink.name, tap }),
    lease,
    connected: {
      name,
      mac,
      ...mtus,
      addresses: given === undefined ? [] : [withoutPrefix(given)],
      reachedAt: [],
    },
  };
}

function givenByIpam({ alias, addresses }: Link): string | undefined {
  return /^[\d.]+\/\d+$/.test(alias) ? alias : addresses.find(isIpv4);
}

function leaseOf(
  given: string,
  card: { readonly device: string; readonly mac: string; readonly mtu: number },
  { hostname }: PodNetworking,
) {
  const prefixLength = Number(given.split("/")[1]);
  return { ...card, address: withoutPrefix(given), prefixLength, hostname };
}

/** For the pod's end of the wire, which gave its own to the guest. */
function otherThan(mac: string): string {
  return `${mac.startsWith("fe") ? "f2" : "fe"}${mac.slice(2)}`;
}

function notAttached({ name, networkAttachment }: GuestNetwork, link: string): Refusal {
  const wanted = networkAttachment?.name ?? "";
  const message = `network ${name}: the pod has no interface ${link}: see that Multus runs on the node and that the NetworkAttachmentDefinition ${wanted} exists, then delete the server's pod`;
  return { ok: false, reason: "NetworkFailed", message };
}
