// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../../api/conditions.ts";
import type { ConnectedNetwork, GuestNetwork } from "../../../api/v1alpha1/network.ts";
import { assert } from "../../lib/assert.ts";
import { planAttachment } from "./attachment.ts";
import {
  isIpv4,
  mtuOf,
  type NetworkSetup,
  type Part,
  type PodNetworking,
  tapIfNew,
  withoutPrefix,
} from "./card.ts";
import { leaseFile } from "./lease.ts";
import { podInterface, tapName } from "./links.ts";
import {
  gatewayMac,
  gatewayOf,
  isOnGuestNetwork,
  isReservedAddress,
  metadataAddress,
  prefixLength,
} from "./private-network.ts";
import { planIpv6 } from "./plan6.ts";
import { natRules } from "./ruleset.ts";

export type NetworkPlan =
  | {
      readonly ok: true;
      readonly setup: NetworkSetup;
      readonly connected: readonly ConnectedNetwork[];
    }
  | Refusal;

/** Decides how a guest's cards are connected in its pod, or says what is in the way. */
export function planNetworks(pod: PodNetworking): NetworkPlan {
  const parts: Part[] = [];
  for (const [card, network] of pod.networks.entries()) {
    const part = planNetwork(network, card, pod);
    if (!part.ok) return part;
    parts.push(part);
  }
  return {
    ok: true,
    setup: {
      links: parts.flatMap(({ links }) => links),
      parameters: Object.assign(
        {},
        ...parts.map(({ parameters }) => parameters),
      ) as NetworkSetup["parameters"],
      rules: parts.map(({ rules }) => rules).join(""),
      leases: leaseFile(parts.flatMap(({ lease }) => lease ?? [])),
    },
    connected: parts.map(({ connected }) => connected),
  };
}

function planNetwork(network: GuestNetwork, card: number, pod: PodNetworking): Part | Refusal {
  const { networkAttachment, pod: podNetwork } = network;
  if (networkAttachment !== undefined) {
    return planAttachment({ network, card, address: networkAttachment.address }, pod);
  }
  assert(podNetwork !== undefined, "a network is on the pod network or on an attachment");
  return planPodNetwork(network, card, podNetwork.address, pod);
}

function planPodNetwork(
  network: GuestNetwork,
  card: number,
  address: string,
  pod: PodNetworking,
): Part | Refusal {
  const { name, mac } = network;
  const tap = tapName(card);
  const uplink = pod.links.find((link) => link.name === podInterface);
  if (uplink === undefined) return noUplink(name);
  if (isReservedAddress(address)) return reserved(name, address);
  const mtus = mtuOf(name, uplink, pod);
  const { mtu } = mtus;
  const own = uplink.addresses.map(withoutPrefix);
  const reachedAt = own.filter(isIpv4);
  const taken = reachedAt.find((one) => isOnGuestNetwork(one, address));
  if (taken !== undefined) return conflict(name, address, taken);
  const gateway = gatewayOf(address);
  const six = planIpv6({ mac, card, pod, addresses: own.filter((one) => !isIpv4(one)) });
  return {
    ok: true,
    links: [
      ...tapIfNew(tap, pod),
      `link set dev ${tap} address ${gatewayMac} mtu ${mtu} up`,
      `address replace ${gateway}/${prefixLength} dev ${tap}`,
      // Leads the guest, and nobody else, to the metadata service of its pod.
      `address replace ${metadataAddress}/32 dev ${tap}`,
      ...six.links,
    ],
    parameters: {
      "net/ipv4/ip_forward": "1",
      // Replies to who dialled the pod's loopback come back through the tap.
      [`net/ipv4/conf/${tap}/route_localnet`]: "1",
      ...six.parameters,
    },
    rules: `${natRules({ tap, guest: address, pod: reachedAt })}${six.rules}`,
    lease: {
      ...{ device: tap, mac, address, prefixLength, gateway, mtu, hostname: pod.hostname },
      router6: six.router,
    },
    connected: {
      ...{ name, mac, ...mtus },
      addresses: [address, ...six.guest],
      reachedAt: [...reachedAt, ...six.reachedAt],
    },
  };
}

function noUplink(name: string): Refusal {
  const message = `network ${name}: the pod has no interface ${podInterface}: the cluster's network plugin has to name it so`;
  return { ok: false, reason: "NetworkFailed", message };
}

function reserved(name: string, address: string): Refusal {
  const message = `network ${name}: ${address} is the network itself or its broadcast: choose another spec.networks[].pod.address in a new Server`;
  return { ok: false, reason: "AddressConflict", message };
}

function conflict(name: string, address: string, taken: string): Refusal {
  const message = `network ${name}: the pod's own address ${taken} is in the guest's network ${address}/${prefixLength}: give a new Server another spec.networks[].pod.address, in a /24 that nothing else uses`;
  return { ok: false, reason: "AddressConflict", message };
}
