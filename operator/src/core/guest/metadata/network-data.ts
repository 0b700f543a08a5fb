// SPDX-License-Identifier: Apache-2.0

/** A network card of the guest and how it gets its address. */
export interface NetworkPort {
  /** Name of the network in the Server. */
  readonly name: string;
  readonly mac: string;
  /** In bytes; undefined when the network tells it by DHCP. */
  readonly mtu?: number;
  readonly addresses: readonly PortAddress[];
}

export type PortAddress =
  | { readonly kind: "dhcp"; readonly version: 4 | 6 }
  | { readonly kind: "slaac" }
  | {
      readonly kind: "static";
      readonly version: 4 | 6;
      readonly address: string;
      /** In the form of the address's version. */
      readonly netmask: string;
      readonly gateway?: string;
    };

/** `network_data.json`, of which cloud-init makes the guest's network settings. */
export interface NetworkData {
  readonly links: readonly object[];
  readonly networks: readonly object[];
  readonly services: readonly object[];
}

/**
 * Links, networks on them, and name servers. Links are numbered in the order of the server's networks.
 * Source: nova-semantics 8.5. Differs: a link's type is always `phy`, its card as the guest sees it.
 */
export function networkDataOf(
  ports: readonly NetworkPort[],
  nameServers: readonly string[],
): NetworkData {
  const links = ports.map(({ name, mac, mtu = null }, index) => ({
    id: linkId(index),
    vif_id: name,
    type: "phy",
    mtu,
    ethernet_mac_address: mac,
  }));
  const networks = ports.flatMap(({ name, addresses }, index) =>
    addresses.map((address) => ({ address, link: linkId(index), network_id: name })),
  );
  return {
    links,
    networks: networks.map(({ address, ...place }, index) => ({
      id: `network${index}`,
      ...place,
      ...settingsOf(address),
    })),
    services: nameServers.map((address) => ({ type: "dns", address })),
  };
}

function linkId(index: number): string {
  return `interface${index}`;
}

const anywhere = {
  4: { network: "0.0.0.0", netmask: "0.0.0.0" },
  6: { network: "::", netmask: "::" },
} as const;

function settingsOf(address: PortAddress): object {
  if (address.kind === "slaac") return { type: "ipv6_slaac" };
  const { version } = address;
  if (address.kind === "dhcp") return { type: version === 4 ? "ipv4_dhcp" : "ipv6_dhcp" };
  const { gateway } = address;
  const routes = gateway === undefined ? [] : [{ ...anywhere[version], gateway }];
  return {
    type: `ipv${version}`,
    ip_address: address.address,
    netmask: address.netmask,
    routes,
  };
}
