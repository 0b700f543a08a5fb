// SPDX-License-Identifier: Apache-2.0
import { beforeAll, describe, expect, test } from "vitest";
import type { NetworkSetup } from "../core/guest/network/card.ts";
import type { PodNetworks } from "../ports/pod-networks.ts";

/** One pod, and who sets up its network. */
export interface PodNetworkHost {
  readonly readLinks: () => ReturnType<PodNetworks["readLinks"]>;
  readonly setUp: (setup: NetworkSetup) => Promise<void>;
}

const tap = "tap7";
const bridge = "br7";
const begin = [
  `tuntap add dev ${tap} mode tap user 10000 vnet_hdr`,
  `link add name ${bridge} type bridge`,
];
const settings = [
  `link set dev ${tap} alias 10.8.0.9/24`,
  `link set dev ${tap} address fe:00:00:00:00:07 mtu 1380 up`,
  `address replace 10.78.0.1/24 dev ${tap}`,
];
const table = "table ip conformance";
const rules = `${table} {}\ndelete ${table}\n${table} {\n  chain empty {\n  }\n}\n`;
const setupOf = (...links: string[]): NetworkSetup => ({
  links,
  parameters: {},
  rules,
  leases: "",
});

/** What the agent relies on, demanded alike of a real network namespace and of the fake. */
export function describePodNetworksConformance(
  kind: "real" | "fake",
  makeHost: () => Promise<PodNetworkHost>,
): void {
  describe(`the network of a pod, ${kind}`, () => {
    let host: PodNetworkHost;
    beforeAll(async () => {
      host = await makeHost();
    });
    const link = async (name: string) => (await host.readLinks()).find((one) => one.name === name);

    test("has the interface of its cluster, with address and MTU", async () => {
      const uplink = await link("eth0");
      expect(uplink?.addresses[0]).toMatch(/^10\.\d+\.\d+\.\d+\/24$/);
      expect(uplink?.mtu).toBeGreaterThan(1000);
      expect(await link(tap)).toBeUndefined();
    });

    test("has what was set up, once, however often that is done", async () => {
      await host.setUp(setupOf(...begin, ...settings));
      const made = {
        name: tap,
        mtu: 1380,
        mac: "fe:00:00:00:00:07",
        addresses: ["10.78.0.1/24"],
        alias: "10.8.0.9/24",
      };
      expect(await link(tap)).toEqual(made);
      expect(await link(bridge)).toMatchObject({ mtu: 1500, addresses: [], alias: "" });
      const others = await host.readLinks();
      await host.setUp(setupOf(...settings));
      expect(await link(tap)).toEqual(made);
      expect(await host.readLinks()).toEqual(others);
    });

    test("loses addresses, and keeps what is noted down", async () => {
      await host.setUp(setupOf(`address flush dev ${tap}`));
      expect(await link(tap)).toMatchObject({ addresses: [], alias: "10.8.0.9/24" });
    });

    test("has no interface twice, and none that nobody made", async () => {
      for (const line of begin) await expect(host.setUp(setupOf(line))).rejects.toThrow();
      const absent = setupOf("link set dev absent0 mtu 1400");
      await expect(host.setUp(absent)).rejects.toThrow('Cannot find device "absent0"');
    });
  });
}
