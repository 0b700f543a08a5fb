// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../../api/conditions.ts";
import type { ConnectedNetwork, GuestNetwork } from "../../../api/v1alpha1/network.ts";
import { type Lease, leaseFile } from "./lease.ts";
import { type Link, podInterface, tapName } from "./links.ts";
import {
  gatewayMac,
  gatewayOf,
  isOnGuestNetwork,
  isReservedAddress,
  metadataAddress,
  prefixLength,
} from "./private-network.ts";
import { natRules } from "./ruleset.ts";

/** What shall be so in a pod's network namespace. Doing it again changes nothing. */
export interface NetworkSetup {
  /** Lines for `ip -batch`. */
  readonly links: readonly string[];
  /** Kernel parameters of the namespace, by their path below `/proc/sys`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Rules for `nft`; empty when there are none. */
  readonly rules: string;
  /** What the pod's DHCP server reads; empty when there is nothing to serve. */
  readonly leases: string;
}

export type NetworkPlan =
  | {
      readonly ok: true;
      readonly setup: NetworkSetup;
      readonly connected: readonly ConnectedNetwork[];
    }
  | Refusal;

/** Whose guest is connected, and what its pod has. */
export interface PodNetworking {
  readonly networks: readonly GuestNetwork[];
  /** Who may open the taps. */
  readonly uid: number;
  readonly hostname: string;
  readonly links: readonly Link[];
}

/** Decides how a guest's cards are connected in its pod, or says what is in the way. */
export function planNetworks(pod: PodNetworking): NetworkPlan {
  const parts: Part[] = [];
  for (const [card, network] of pod.networks.entries()) {
    const part = planPodNetwork(network, tapName(card), pod);
    if (!part.ok) return part;
    parts.push(part);
  }
  return {
    ok: true,
    setup: {
      links: parts.flatMap(({ links }) => links),
      parameters: Object.assign({}, ...parts.map(({ parameters }) => parameters)) as Parameters,
      rules: parts.map(({ rules }) => rules).join(""),
      leases: leaseFile(parts.map(({ lease }) => lease)),
    },
    connected: parts.map(({ connected }) => connected),
  };
}

type Parameters = NetworkSetup["parameters"];

interface Part extends Pick<NetworkSetup, "links" | "parameters" | "rules"> {
  readonly ok: true;
  readonly lease: Lease;
  readonly connected: ConnectedNetwork;
}

function planPodNetwork(network: GuestNetwork, tap: string, pod: PodNetworking): Part | Refusal {
  const { name, mac } = network;
  const { address } = network.pod;
  const uplink = pod.links.find((link) => link.name === podInterface);
  if (uplink === undefined) return noUplink(name);
  if (isReservedAddress(address)) return reserved(name, address);
  const { mtu } = uplink;
  const reachedAt = uplink.addresses.filter(isIpv4);
  const taken = reachedAt.find((one) => isOnGuestNetwork(one, address));
  if (taken !== undefined) return conflict(name, address, taken);
  const gateway = gatewayOf(address);
  const isNew = !pod.links.some((link) => link.name === tap);
  return {
    ok: true,
    links: [
      ...(isNew ? [`tuntap add dev ${tap} mode tap user ${pod.uid} vnet_hdr`] : []),
      `link set dev ${tap} address ${gatewayMac} mtu ${mtu} up`,
      `address replace ${gateway}/${prefixLength} dev ${tap}`,
      // Leads the guest, and nobody else, to the metadata service of its pod.
      `address replace ${metadataAddress}/32 dev ${tap}`,
    ],
    parameters: {
      "net/ipv4/ip_forward": "1",
      // Replies to who dialled the pod's loopback come back through the tap.
      [`net/ipv4/conf/${tap}/route_localnet`]: "1",
    },
    rules: reachedAt.length === 0 ? "" : natRules({ tap, guest: address, pod: reachedAt }),
    lease: { device: tap, mac, address, prefixLength, gateway, mtu, hostname: pod.hostname },
    connected: { name, mac, mtu, addresses: [address], reachedAt },
  };
}

function isIpv4(address: string): boolean {
  return !address.includes(":");
}

function noUplink(name: string): Refusal {
  const message = `network ${name}: the pod has no interface ${podInterface}: the cluster's network plugin has to name it so`;
  return { ok: false, reason: "NetworkFailed", message };
}

function reserved(name: string, address: string): Refusal {
  const message = `network ${name}: ${address} is the network itself or its broadcast: choose another spec.networks[].address in a new Server`;
  return { ok: false, reason: "AddressConflict", message };
}

function conflict(name: string, address: string, taken: string): Refusal {
  const message = `network ${name}: the pod's own address ${taken} is in the guest's network ${address}/${prefixLength}: give a new Server another spec.networks[].address, in a /24 that nothing else uses`;
  return { ok: false, reason: "AddressConflict", message };
}
