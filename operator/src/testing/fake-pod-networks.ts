// SPDX-License-Identifier: Apache-2.0
import type { Link } from "../core/guest/network/links.ts";
import type { NetworkSetup } from "../core/guest/network/card.ts";
import type { PodIdentity, PodNetworks, Traffic } from "../ports/pod-networks.ts";

interface FakeNamespace {
  readonly links: Link[];
  /** What was set up last, and how often. */
  setup: NetworkSetup | undefined;
  setUps: number;
}

/** Network namespaces of pods, each with the interface that a cluster gives. */
export class FakePodNetworks implements PodNetworks {
  readonly #namespaces = new Map<string, FakeNamespace>();
  /** Of pods that are seen from now on. */
  mtu = 1450;
  address = "10.250.1.7";

  namespace(podUid: string): FakeNamespace {
    const uplink = {
      name: "eth0",
      mtu: this.mtu,
      mac: "0a:00:00:00:00:01",
      addresses: [`${this.address}/24`],
      alias: "",
    };
    const known = this.#namespaces.get(podUid) ?? { links: [uplink], setup: undefined, setUps: 0 };
    this.#namespaces.set(podUid, known);
    return known;
  }

  async readLinks({ podUid }: PodIdentity): Promise<readonly Link[]> {
    return this.namespace(podUid).links;
  }

  async setUp({ podUid }: PodIdentity, setup: NetworkSetup): Promise<void> {
    const namespace = this.namespace(podUid);
    for (const line of setup.links) {
      const [, name] = /^tuntap add dev (\S+) /.exec(line) ?? [];
      if (name === undefined) continue;
      if (namespace.links.some((link) => link.name === name)) throw new Error(`${name} exists`);
      namespace.links.push({ name, mtu: this.mtu, mac: "", addresses: [], alias: "" });
    }
    namespace.setup = setup;
    namespace.setUps += 1;
  }

  /** Every interface has sent what its pod's uid is long, and received twice that. */
  async readTraffic(pods: readonly PodIdentity[]) {
    return new Map(
      pods.map(({ podUid }) => {
        const sent = podUid.length;
        const counters: Traffic = {
          receivedBytes: 2000 * sent,
          receivedPackets: 2 * sent,
          sentBytes: 1000 * sent,
          sentPackets: sent,
        };
        const { links } = this.namespace(podUid);
        return [podUid, new Map(links.map(({ name }) => [name, counters]))] as const;
      }),
    );
  }
}
