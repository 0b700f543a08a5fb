// SPDX-License-Identifier: Apache-2.0
import { type Part, type PodNetworking, tapOf } from "./card.ts";
import type { Lease } from "./lease.ts";
import { routerName, tapName } from "./links.ts";
import { gateway6, guestAddress6, prefix6, prefix6Length, router6 } from "./private-network6.ts";
import { natRules6 } from "./ruleset.ts";

/** A card on the pod network, and the IPv6 addresses of its pod. */
export interface Card6 {
  readonly mac: string;
  readonly card: number;
  readonly addresses: readonly string[];
  readonly pod: PodNetworking;
}

/** What the card needs beside IPv4. */
export interface Part6 extends Pick<Part, "links" | "parameters" | "rules"> {
  readonly router: Lease["router6"];
  /** The guest's own address, if it has one. */
  readonly guest: readonly string[];
  readonly reachedAt: readonly string[];
}

const none: Part6 = {
  links: [],
  parameters: {},
  rules: "",
  router: undefined,
  guest: [],
  reachedAt: [],
};

/** IPv6 of a guest whose pod has it. */
export function planIpv6({ mac, card, addresses, pod }: Card6): Part6 {
  if (addresses.length === 0) return none;
  const [tap, router] = [tapName(card), routerName(card)];
  const guest = guestAddress6(mac);
  return {
    links: [
      ...tapOf(router, pod),
      `link set dev ${router} up`,
      `address replace ${router6}/64 dev ${tap} nodad`,
      `address replace ${gateway6}/${prefix6Length} dev ${tap} nodad`,
    ],
    parameters: {
      "net/ipv6/conf/all/forwarding": "1",
      // The kernel has nothing to say there.
      [`net/ipv6/conf/${router}/disable_ipv6`]: "1",
    },
    rules: natRules6({ tap, router, guest, pod: addresses }),
    router: { device: router, prefix: prefix6 },
    guest: [guest],
    reachedAt: addresses,
  };
}
