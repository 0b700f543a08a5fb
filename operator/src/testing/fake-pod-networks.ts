// SPDX-License-Identifier: Apache-2.0
import { podInterface } from "../core/guest/network/links.ts";
import type { NetworkSetup } from "../core/guest/network/card.ts";
import type { PodIdentity, PodNetworks, Traffic } from "../ports/pod-networks.ts";
import { FakePodNamespace } from "./fake-pod-namespace.ts";

/** Network namespaces of pods, each with the interface that a cluster gives. */
export class FakePodNetworks implements PodNetworks {
  readonly #namespaces = new Map<string, FakePodNamespace>();
  /** Of pods that are seen from now on. */
  mtu = 1450;
  address = "10.250.1.7";

  namespace(podUid: string): FakePodNamespace {
    const uplink = {
      name: podInterface,
      mtu: this.mtu,
      mac: "0a:00:00:00:00:01",
      addresses: [`${this.address}/24`],
      alias: "",
    };
    const known = this.#namespaces.get(podUid) ?? new FakePodNamespace([uplink]);
    this.#namespaces.set(podUid, known);
    return known;
  }

  async readLinks({ podUid }: PodIdentity) {
    return this.namespace(podUid).links;
  }

  async setUp({ podUid }: PodIdentity, setup: NetworkSetup): Promise<void> {
    this.namespace(podUid).setUp(setup);
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
