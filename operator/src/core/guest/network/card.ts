// SPDX-License-Identifier: Apache-2.0
import type { ConnectedNetwork, GuestNetwork } from "../../../api/v1alpha1/network.ts";
import type { Lease } from "./lease.ts";
import type { Link } from "./links.ts";

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

/** Whose guest is connected, and what its pod has. */
export interface PodNetworking {
  readonly networks: readonly GuestNetwork[];
  /** Who may open the taps. */
  readonly uid: number;
  readonly hostname: string;
  /** Pairs of queues that each card has; absent, one. */
  readonly queues?: number | undefined;
  readonly links: readonly Link[];
  /** How a guest that runs was connected at its start: it keeps the MTU that it was told. */
  readonly kept?: readonly ConnectedNetwork[];
}

/** What one card needs. */
export interface Part extends Pick<NetworkSetup, "links" | "parameters" | "rules"> {
  readonly ok: true;
  /** Absent where the guest has to find its address by itself. */
  readonly lease: Lease | undefined;
  readonly connected: ConnectedNetwork;
}

/** A guest's tap, if it is not there. */
export function tapIfNew(tap: string, pod: PodNetworking): string[] {
  const { queues = 1 } = pod;
  return tapOf(tap, pod, queues > 1 ? " vnet_hdr multi_queue" : " vnet_hdr");
}

/** A tap that is there may be open: it is never made anew. */
export function tapOf(tap: string, { links, uid }: PodNetworking, flags = ""): string[] {
  const isThere = links.some(({ name }) => name === tap);
  return isThere ? [] : [`tuntap add dev ${tap} mode tap user ${uid}${flags}`];
}

export function withoutPrefix(address: string): string {
  return address.split("/")[0] ?? address;
}

export function isIpv4(address: string): boolean {
  return !address.includes(":");
}

/** The MTU that the guest has, or gets, on that interface of its pod, and the interface's own if it differs. */
export function mtuOf(
  name: string,
  uplink: Link,
  { kept = [] }: PodNetworking,
): Pick<ConnectedNetwork, "mtu" | "networkMtu"> {
  const mtu = kept.find((one) => one.name === name)?.mtu ?? uplink.mtu;
  return mtu === uplink.mtu ? { mtu } : { mtu, networkMtu: uplink.mtu };
}
