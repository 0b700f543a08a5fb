// SPDX-License-Identifier: Apache-2.0
/**
 * The network between a guest and its pod. It ends there: every server may have the same addresses, and
 * a guest keeps its own when its pod, with the pod's address, is another one.
 */
import { assert } from "../../lib/assert.ts";

/** The guest's address where the user names none. */
export const guestAddressDefault = "10.0.2.2";
/** Length of the network's prefix. */
export const prefixLength = 24;
/** Where guests ask for their metadata. Source: nova-semantics 8.5. */
export const metadataAddress = "169.254.169.254";
/** The pod's side has the same in every pod: a guest that moves finds it in its neighbour table. */
export const gatewayMac = "fe:00:00:00:00:01";

/** The pod's address on the guest's network: the first one, or the second if the guest has that. */
export function gatewayOf(guestAddress: string): string {
  const octets = octetsOf(guestAddress);
  return [...octets.slice(0, 3), octets[3] === 1 ? 2 : 1].join(".");
}

/** Whether the address cannot be a guest's, since it is its network itself or its broadcast. */
export function isReservedAddress(address: string): boolean {
  const last = octetsOf(address)[3];
  return last === 0 || last === 255;
}

/** Whether the IPv4 address is in the network of the guest with that address. */
export function isOnGuestNetwork(address: string, guestAddress: string): boolean {
  const network = octetsOf(guestAddress).slice(0, 3);
  return network.every((octet, index) => octetsOf(address)[index] === octet);
}

function octetsOf(address: string): number[] {
  const octets = address.split(".").map(Number);
  assert(octets.length === 4, "an IPv4 address has four octets");
  return octets;
}
