// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aServer } from "../../../testing/builders.ts";
import { macOf } from "./mac.ts";
import { planNetworks } from "./plan.ts";
import { gatewayOf } from "./private-network.ts";
import { guestAddress6 } from "./private-network6.ts";
import { guestNetworks } from "./resolve.ts";
import { natRules } from "./ruleset.ts";

const uuid = "5e12e12e-0000-4000-8000-000000000001";
const [network] = guestNetworks(undefined, uuid);
const eth0 = {
  name: "eth0",
  mtu: 1450,
  mac: "0a:00:00:00:00:01",
  addresses: ["10.250.1.7/24"],
  alias: "",
};

function plan(change: Partial<Parameters<typeof planNetworks>[0]> = {}) {
  const networks = guestNetworks(aServer().spec.networks, uuid);
  return planNetworks({ networks, uid: 1007, hostname: "web", links: [eth0], ...change });
}

describe("a server's networks", () => {
  test("are one on the pod network, unless it says otherwise", () => {
    expect(guestNetworks(undefined, uuid)).toEqual([
      { name: "default", mac: macOf(uuid, "default"), pod: { address: "10.0.2.2" } },
    ]);
    expect(guestNetworks([], uuid)).toEqual([]);
    const asked = [
      { name: "front", tag: "web", mac: "52:54:00:00:00:01", pod: { address: "10.7.7.7" } },
      { name: "back", mac: "52:54:00:00:00:02", networkAttachment: { name: "storage" } },
    ];
    expect(guestNetworks(asked, uuid)).toEqual(asked);
  });
});

describe("the hardware address of a card", () => {
  test("is the same for the same server and network, unicast and administered locally", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), (server, name) => {
        const mac = macOf(server, name);
        expect(mac).toBe(macOf(server, name));
        expect(mac).toMatch(/^fa(:[0-9a-f]{2}){5}$/);
      }),
    );
  });

  test("is another one for each of many servers and networks", () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `net-${index}`);
    expect(new Set(names.map((name) => macOf(uuid, name))).size).toBe(names.length);
  });
});

describe("the gateway of a guest", () => {
  test.each([
    ["10.0.2.2", "10.0.2.1"],
    ["192.168.9.1", "192.168.9.2"],
    ["10.7.7.200", "10.7.7.1"],
  ])("of %s is %s", (guest, gateway) => {
    expect(gatewayOf(guest)).toBe(gateway);
  });
});

describe("the plan of a pod's network", () => {
  test("makes the tap for the guest's user, with the MTU of the pod's interface", () => {
    const planned = plan();
    expect(planned.ok && planned.setup).toEqual({
      links: [
        "tuntap add dev tap0 mode tap user 1007 vnet_hdr",
        "link set dev tap0 address fe:00:00:00:00:01 mtu 1450 up",
        "address replace 10.0.2.1/24 dev tap0",
        "address replace 169.254.169.254/32 dev tap0",
      ],
      parameters: { "net/ipv4/ip_forward": "1", "net/ipv4/conf/tap0/route_localnet": "1" },
      rules: natRules({ tap: "tap0", guest: "10.0.2.2", pod: ["10.250.1.7"] }),
      leases: `tap0 ${network?.mac} 10.0.2.2/24 10.0.2.1 1450 web\n`,
    });
    expect(planned.ok && planned.connected).toEqual([
      {
        name: "default",
        mac: network?.mac,
        mtu: 1450,
        addresses: ["10.0.2.2"],
        reachedAt: ["10.250.1.7"],
      },
    ]);
  });

  test("leaves a guest that runs the MTU that it was told", () => {
    const kept = [{ name: "default", mac: "", mtu: 1500, addresses: [], reachedAt: [] }];
    const planned = plan({ kept });
    expect(planned.ok && planned.connected).toMatchObject([{ mtu: 1500, networkMtu: 1450 }]);
    expect(planned.ok && planned.setup.links[1]).toContain("mtu 1500");
    expect(planned.ok && planned.setup.leases).toContain(" 1500 web");
  });

  test("leaves a tap alone that QEMU may have open", () => {
    const links = [eth0, { name: "tap0", mtu: 1450, mac: "", addresses: [], alias: "" }];
    const planned = plan({ links });
    expect(planned.ok && planned.setup.links.join()).not.toContain("tuntap");
    expect(planned.ok && planned.setup.links).toHaveLength(3);
  });

  test("is empty for a guest without a card, wherever its pod is", () => {
    const planned = plan({ networks: [], links: [] });
    expect(planned).toEqual({
      ok: true,
      setup: { links: [], parameters: {}, rules: "", leases: "" },
      connected: [],
    });
  });

  test.each([
    ["10.250.1.9", "the pod's own address 10.250.1.7 is in the guest's network 10.250.1.9/24"],
    ["10.7.7.0", "10.7.7.0 is the network itself or its broadcast"],
    ["10.7.7.255", "10.7.7.255 is the network itself or its broadcast"],
  ])("names what is wrong with the private address %s", (address, message) => {
    const networks = guestNetworks([{ name: "front", pod: { address } }], uuid);
    const planned = plan({ networks });
    expect(planned).toMatchObject({ ok: false, reason: "AddressConflict" });
    expect(!planned.ok && planned.message).toContain(`network front: ${message}`);
  });

  test("says so when the pod has no network", () => {
    expect(plan({ links: [] })).toMatchObject({ ok: false, reason: "NetworkFailed" });
  });
});

describe("a guest whose pod has IPv6", () => {
  const links = [{ ...eth0, addresses: ["10.250.1.7/24", "fd00:1::7/64"] }];

  test.each([
    ["fa:00:00:00:00:01", "fd7c:4e0d:91b6:2:f800:ff:fe00:1"],
    ["52:54:00:12:34:56", "fd7c:4e0d:91b6:2:5054:ff:fe12:3456"],
    ["00:00:5e:00:53:af", "fd7c:4e0d:91b6:2:200:5eff:fe00:53af"],
  ])("has by SLAAC, with the card %s, the address %s", (mac, address) => {
    expect(guestAddress6(mac)).toBe(address);
  });

  test("is told of a router of its own, and reached at both addresses", () => {
    const planned = plan({ links });
    const guest = guestAddress6(network?.mac ?? "");
    expect(planned.ok && planned.setup.links.slice(4)).toEqual([
      "tuntap add dev ra0 mode tap user 1007",
      "link set dev ra0 up",
      "address replace fe80::1/64 dev tap0 nodad",
      "address replace fd7c:4e0d:91b6:2::1/64 dev tap0 nodad",
    ]);
    expect(planned.ok && planned.setup.parameters).toMatchObject({
      "net/ipv6/conf/all/forwarding": "1",
      "net/ipv6/conf/ra0/disable_ipv6": "1",
    });
    expect(planned.ok && planned.setup.leases).toBe(
      `tap0 ${network?.mac} 10.0.2.2/24 10.0.2.1 1450 web ra0 fd7c:4e0d:91b6:2::\n`,
    );
    expect(planned.ok && planned.connected).toMatchObject([
      { addresses: ["10.0.2.2", guest], reachedAt: ["10.250.1.7", "fd00:1::7"] },
    ]);
    expect(planned.ok && planned.setup.rules).toContain(`ip6 daddr { fd00:1::7 } dnat to ${guest}`);
  });

  test("has IPv4 behind it, and is kept from the pod's loopback, also where the pod has IPv6 alone", () => {
    const planned = plan({ links: [{ ...eth0, addresses: ["fd00:1::7/64"] }] });
    expect(planned.ok && planned.connected[0]?.reachedAt).toEqual(["fd00:1::7"]);
    const rules = planned.ok ? planned.setup.rules : "";
    expect(rules).toContain('iifname "tap0" ip daddr 127.0.0.0/8 drop');
    expect(rules).toContain("ip daddr { 127.0.0.0/8 } dnat to 10.0.2.2");
    expect(rules).not.toContain("{  }");
  });

  test("keeps the taps that are there", () => {
    const tap = { mtu: 1450, mac: "", addresses: [], alias: "" };
    const again = plan({ links: [...links, { ...tap, name: "tap0" }, { ...tap, name: "ra0" }] });
    expect(again.ok && again.setup.links.join()).not.toContain("tuntap");
  });
});

describe("a card on a network of Multus", () => {
  const mac = "52:54:00:00:00:02";
  const wire = { name: "net1", mtu: 9000, mac, addresses: ["10.8.0.7/24"], alias: "" };
  const front = { name: "front", pod: {} };
  const attached = (address: { readonly address?: string } = {}) =>
    guestNetworks(
      [front, { name: "back", mac, networkAttachment: { name: "storage", ...address } }],
      uuid,
    );

  test("joins the guest with the pod's wire, whose addresses become the guest's", () => {
    const planned = plan({ networks: attached(), links: [eth0, wire] });
    expect(planned.ok && planned.setup.links.slice(4)).toEqual([
      "link set dev net1 alias 10.8.0.7/24",
      "address flush dev net1",
      "link set dev net1 address fe:54:00:00:00:02",
      "link add name br1 type bridge mcast_snooping 0",
      "tuntap add dev tap1 mode tap user 1007 vnet_hdr",
      "link set dev net1 master br1 up",
      "link set dev tap1 address fe:00:00:00:00:01 mtu 9000 master br1 up",
      "link set dev br1 mtu 9000 up",
    ]);
    expect(planned.ok && planned.setup.leases.split("\n")[1]).toBe(
      `br1 ${mac} 10.8.0.7/24 0.0.0.0 9000 web`,
    );
    expect(planned.ok && planned.connected[1]).toEqual({
      name: "back",
      mac,
      mtu: 9000,
      addresses: ["10.8.0.7"],
      reachedAt: [],
    });
  });

  test("is the same for the next agent, which finds no address there any more", () => {
    const first = plan({ networks: attached(), links: [eth0, wire] });
    const taken = { ...wire, addresses: [], alias: "10.8.0.7/24" };
    const later = plan({ networks: attached(), links: [eth0, taken] });
    expect(later).toEqual(first);
  });

  test("has the address of the spec rather than IPAM's, and none where neither gives one", () => {
    const asked = plan({ networks: attached({ address: "10.8.0.99/16" }), links: [eth0, wire] });
    expect(asked.ok && asked.connected[1]?.addresses).toEqual(["10.8.0.99"]);
    const bare = { ...wire, addresses: [] };
    const free = plan({ networks: attached(), links: [eth0, bare] });
    expect(free.ok && free.connected[1]?.addresses).toEqual([]);
    expect(free.ok && free.setup.leases.trim().split("\n")).toHaveLength(1);
    expect(free.ok && free.setup.rules).not.toContain("table bridge");
  });

  test("says what to look for when Multus attached nothing", () => {
    const planned = plan({ networks: attached() });
    expect(planned).toMatchObject({ ok: false, reason: "NetworkFailed" });
    expect(!planned.ok && planned.message).toContain("NetworkAttachmentDefinition storage");
  });
});

describe("the rules of a pod", () => {
  test("are replaced in one transaction", () => {
    const rules = natRules({ tap: "tap0", guest: "10.0.2.2", pod: ["10.250.1.7"] });
    expect(rules.split("\n").slice(0, 3)).toEqual([
      "table ip kilonova {}",
      "delete table ip kilonova",
      "table ip kilonova {",
    ]);
  });
});
