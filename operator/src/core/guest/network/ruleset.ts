// SPDX-License-Identifier: Apache-2.0
import { podInterface } from "./links.ts";
import { gatewayOf, metadataAddress } from "./private-network.ts";
import { gateway6, prefix6, prefix6Length } from "./private-network6.ts";

/** Where a guest and its pod meet. */
export interface Crossing {
  readonly tap: string;
  readonly guest: string;
  /** The pod's own IPv4 addresses. */
  readonly pod: readonly string[];
}

/**
 * The TCP port of the pod that the guest does not get: the kubelet asks there whether the guest runs.
 * IANA assigned it to nobody.
 */
export const readinessPort = 10;

const table = "table ip kilonova";

/**
 * The nftables rules of a pod's network namespace. They replace what an earlier agent made in one
 * transaction; connections that are open live on in the kernel's table of them.
 *
 * Every port of the pod leads to the guest, also for who dials the pod's loopback, as `kubectl
 * port-forward` does. What leaves the guest carries the pod's address, and nothing else may leave it: a
 * guest cannot speak for another address, nor reach the pod's loopback.
 */
export function natRules(crossing: Crossing): string {
  return [...replaced(table, chains(crossing)), ""].join("\n");
}

/** Where a guest and its pod meet over IPv6. */
export interface Crossing6 {
  readonly tap: string;
  /** The tap by which the pod's router speaks. */
  readonly router: string;
  readonly guest: string;
  /** The pod's own IPv6 addresses. */
  readonly pod: readonly string[];
}

const table6 = "table ip6 kilonova";
const routerTable = "table netdev kilonova";

/**
 * The same over IPv6. The guest may have more addresses out of its prefix than the one that others reach.
 * What it asks of routers goes to the pod's program, and what that says to the guest, and nothing else of
 * either: the kernel's own answers to neighbours are as on any router.
 */
export function natRules6({ tap, router, guest, pod }: Crossing6): string {
  const podAddresses = set(pod);
  const prefix = `${prefix6}/${prefix6Length}`;
  const inward = [
    `ip6 daddr ${podAddresses} tcp dport ${readinessPort} accept`,
    `ip6 daddr ${podAddresses} dnat to ${guest}`,
  ];
  return [
    ...replaced(table6, [
      ...chain("pin", "type filter hook prerouting priority raw", [
        `iifname "${tap}" ip6 daddr ::1 drop`,
        `iifname "${tap}" ip6 saddr != { ::, fe80::/10, ${prefix} } drop`,
      ]),
      ...chain("inward", "type nat hook prerouting priority dstnat", inward),
      ...chain("from_pod", "type nat hook output priority dstnat", inward),
      ...chain("outward", "type nat hook postrouting priority srcnat", [
        `ip6 saddr ${prefix} oifname "${podInterface}" masquerade`,
        `ip6 saddr ${guest} oifname "${tap}" snat to ${gateway6}`,
      ]),
      ...chain("segments", "type filter hook forward priority mangle", [
        "tcp flags syn / syn,rst tcp option maxseg size set rt mtu",
      ]),
    ]),
    ...replaced(routerTable, [
      ...chain("asked", `type filter hook ingress device "${tap}" priority 0`, [
        `icmpv6 type nd-router-solicit fwd to "${router}"`,
      ]),
      ...chain("said", `type filter hook ingress device "${router}" priority 0`, [
        `icmpv6 type nd-router-advert fwd to "${tap}"`,
        "drop",
      ]),
    ]),
    "",
  ].join("\n");
}

/** In one transaction, also where there was none. */
function replaced(name: string, content: readonly string[]): string[] {
  return [`${name} {}`, `delete ${name}`, `${name} {`, ...content, "}"];
}

/** The parts of a bridge between a guest and a network of Multus. */
export interface Bridging {
  readonly bridge: string;
  readonly uplink: string;
  readonly tap: string;
}

/** Keeps the pod's DHCP server and the network's own apart: the guest hears the pod's, the network none. */
export function confinedDhcp({ bridge, uplink, tap }: Bridging): string {
  const own = `table bridge kilonova_${bridge}`;
  return [
    `${own} {}`,
    `delete ${own}`,
    `${own} {`,
    ...chain("forward", "type filter hook forward priority filter", [
      `iifname "${tap}" oifname "${uplink}" udp dport 67 drop`,
      `iifname "${uplink}" oifname "${tap}" udp sport 67 drop`,
    ]),
    ...chain("output", "type filter hook output priority filter", [
      `oifname "${uplink}" udp sport 67 drop`,
    ]),
    ...chain("input", "type filter hook input priority filter", [
      `iifname "${uplink}" udp dport 67 drop`,
    ]),
    "}",
    "",
  ].join("\n");
}

function chains({ tap, guest, pod }: Crossing): string[] {
  const pinned = [
    `iifname "${tap}" ip daddr 127.0.0.0/8 drop`,
    `iifname "${tap}" ip saddr != { 0.0.0.0, ${guest} } drop`,
    // The metadata service asks for no token: it is the guest's alone.
    `iifname != "${tap}" ip daddr ${metadataAddress} drop`,
  ];
  const inward = (to: readonly string[]): string[] => [
    `ip daddr ${set(to)} tcp dport ${readinessPort} accept`,
    `ip daddr ${set(to)} dnat to ${guest}`,
  ];
  const outward = [
    `ip saddr ${guest} oifname "${podInterface}" masquerade`,
    `ip saddr ${set(["127.0.0.0/8", guest])} oifname "${tap}" snat to ${gatewayOf(guest)}`,
  ];
  return [
    ...chain("pin", "type filter hook prerouting priority raw", pinned),
    // A pod may have IPv6 alone: nobody reaches it over IPv4 then, but its own programs do.
    ...(pod.length === 0
      ? []
      : chain("inward", "type nat hook prerouting priority dstnat", inward(pod))),
    ...chain("from_pod", "type nat hook output priority dstnat", inward(["127.0.0.0/8", ...pod])),
    ...chain("outward", "type nat hook postrouting priority srcnat", outward),
    // A path in between may have a smaller MTU than either end.
    ...chain("segments", "type filter hook forward priority mangle", [
      "tcp flags syn / syn,rst tcp option maxseg size set rt mtu",
    ]),
  ];
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`  chain ${name} {`, `    ${hook};`, ...rules.map((rule) => `    ${rule}`), "  }"];
}

function set(members: readonly string[]): string {
  return `{ ${members.join(", ")} }`;
}
