// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { ConnectedNetwork } from "../../api/v1alpha1/network.ts";
import { tapName } from "../../core/guest/network/links.ts";
import { planNetworks } from "../../core/guest/network/plan.ts";
import type { NetworkView } from "../../core/guest/view.ts";
import { keyOf } from "../../platform/object-key.ts";
import type { CardTraffic } from "../../platform/metrics.ts";
import type { Clock } from "../../ports/clock.ts";
import { Refused } from "../../ports/errors.ts";
import type { PodMount } from "../../ports/pod-mounts.ts";
import type { PodIdentity, PodNetworks, Traffic } from "../../ports/pod-networks.ts";
import type { PodRuntime } from "../../ports/pod-runtime.ts";

interface Connection extends PodIdentity {
  readonly guest: Guest;
  readonly connected: readonly ConnectedNetwork[];
  readonly atMs: number;
}

export interface NetworksOptions {
  readonly networks: PodNetworks;
  readonly runtime: Pick<PodRuntime, "writeLeases">;
  readonly clock: Clock;
}

/** Connects guests' network cards, and knows which of them this process connected. */
export class Networks {
  readonly #options: NetworksOptions;
  readonly #connections = new Map<string, Connection>();

  constructor(options: NetworksOptions) {
    this.#options = options;
  }

  /** What this process connected in that pod. */
  view(key: string, pod: PodMount): NetworkView | undefined {
    const connection = this.#connections.get(key);
    if (connection?.podUid !== pod.podUid) return undefined;
    const ageSeconds = (this.#options.clock.monotonicMs() - connection.atMs) / 1000;
    const { connected, guest } = connection;
    return { connected, boot: guest.spec.boot, ageSeconds };
  }

  /**
   * `kept`: how a guest that runs was connected at its start. Throws PortError; Refused when a
   * person has to change something first.
   */
  async connect(
    guest: Guest,
    pod: PodMount,
    kept: readonly ConnectedNetwork[] = [],
  ): Promise<void> {
    const { metadata, spec } = guest;
    const { networks, runtime, clock } = this.#options;
    const identity = { podUid: pod.podUid, uid: spec.uid };
    const { networks: cards, hostname, networkQueues: queues } = spec.domain;
    const links = cards.length === 0 ? [] : await networks.readLinks(identity);
    const plan = planNetworks({ networks: cards, uid: spec.uid, hostname, links, queues, kept });
    if (!plan.ok) throw new Refused(plan.reason, plan.message);
    const { setup, connected } = plan;
    if (cards.length > 0) {
      await networks.setUp(identity, setup);
      await runtime.writeLeases(pod, setup.leases);
    }
    this.#connections.set(keyOf(metadata), {
      ...identity,
      guest,
      connected,
      atMs: clock.monotonicMs(),
    });
  }

  /** What the cards that this process connected have sent and received. */
  async traffic(): Promise<CardTraffic[]> {
    const connections = [...this.#connections.values()];
    const traffic = await this.#options.networks.readTraffic(connections);
    return connections.flatMap(({ guest, podUid }) => trafficOf(guest, traffic.get(podUid)));
  }

  forget(key: string): void {
    this.#connections.delete(key);
  }
}

/** What the pod's end of a card receives, the guest has sent. */
function trafficOf(
  { metadata, spec }: Guest,
  links: ReadonlyMap<string, Traffic> = new Map(),
): CardTraffic[] {
  const { namespace = "" } = metadata;
  return spec.domain.networks.flatMap(({ name: network }, card): CardTraffic[] => {
    const counted = links.get(tapName(card));
    if (counted === undefined) return [];
    const labels = { namespace, server: spec.server.name, network };
    const { receivedBytes, receivedPackets, sentBytes, sentPackets } = counted;
    return [
      { ...labels, direction: "sent", bytes: receivedBytes, packets: receivedPackets },
      { ...labels, direction: "received", bytes: sentBytes, packets: sentPackets },
    ];
  });
}
