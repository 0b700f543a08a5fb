// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { networkDataOf } from "./network-data.ts";

test("network data are Nova's, with the links in the order of the server's networks", () => {
  const data = networkDataOf(
    [
      {
        name: "pod",
        mac: "02:00:00:00:00:01",
        mtu: 1450,
        addresses: [{ kind: "dhcp", version: 4 }, { kind: "slaac" }],
      },
      {
        name: "storage",
        mac: "02:00:00:00:00:02",
        addresses: [
          {
            kind: "static",
            version: 4,
            address: "192.0.2.7",
            netmask: "255.255.255.0",
            gateway: "192.0.2.1",
          },
          { kind: "static", version: 6, address: "2001:db8::7", netmask: "ffff:ffff:ffff:ffff::" },
          { kind: "dhcp", version: 6 },
        ],
      },
    ],
    ["192.0.2.53"],
  );
  expect(data).toEqual({
    links: [
      {
        id: "interface0",
        vif_id: "pod",
        type: "phy",
        mtu: 1450,
        ethernet_mac_address: "02:00:00:00:00:01",
      },
      {
        id: "interface1",
        vif_id: "storage",
        type: "phy",
        mtu: null,
        ethernet_mac_address: "02:00:00:00:00:02",
      },
    ],
    networks: [
      { id: "network0", link: "interface0", network_id: "pod", type: "ipv4_dhcp" },
      { id: "network1", link: "interface0", network_id: "pod", type: "ipv6_slaac" },
      {
        id: "network2",
        link: "interface1",
        network_id: "storage",
        type: "ipv4",
        ip_address: "192.0.2.7",
        netmask: "255.255.255.0",
        routes: [{ network: "0.0.0.0", netmask: "0.0.0.0", gateway: "192.0.2.1" }],
      },
      {
        id: "network3",
        link: "interface1",
        network_id: "storage",
        type: "ipv6",
        ip_address: "2001:db8::7",
        netmask: "ffff:ffff:ffff:ffff::",
        routes: [],
      },
      { id: "network4", link: "interface1", network_id: "storage", type: "ipv6_dhcp" },
    ],
    services: [{ type: "dns", address: "192.0.2.53" }],
  });
});
