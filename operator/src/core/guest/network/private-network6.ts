// SPDX-License-Identifier: Apache-2.0
/**
 * The IPv6 network between a guest and its pod, where the pod has IPv6. As the IPv4 one it is the same in
 * every pod, and ends there. The guest makes its address by itself out of the prefix that the pod's router
 * advertises and its card's hardware address, as Neutron expects it of SLAAC.
 */
import { assert } from "../../lib/assert.ts";

/** A unique local prefix (RFC 4193) whose 40 bits were drawn once, and the length of its network. */
export const prefix6 = "fd7c:4e0d:91b6:2::";
export const prefix6Length = 64;
/** The pod's addresses there: the router that the guest is told of, and one for what the pod sends. */
export const router6 = "fe80::1";
export const gateway6 = `${prefix6}1`;

/** The address that a card of this hardware address gets: modified EUI-64 (RFC 4291, appendix A). */
export function guestAddress6(mac: string): string {
  const octets = mac.split(":").map((octet) => Number.parseInt(octet, 16));
  assert(octets.length === 6, "a hardware address has six octets");
  const [first = 0, ...rest] = octets;
  // The bit says whether the address is administered locally, the other way round.
  const identifier = [first ^ 0x02, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const groups = [0, 2, 4, 6].map((at) =>
    (((identifier[at] ?? 0) << 8) | (identifier[at + 1] ?? 0)).toString(16),
  );
  return `${prefix6.slice(0, -1)}${groups.join(":")}`;
}
