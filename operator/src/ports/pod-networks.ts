// SPDX-License-Identifier: Apache-2.0
import type { Link } from "../core/guest/network/links.ts";
import type { NetworkSetup } from "../core/guest/network/card.ts";

/** A server pod, as its processes can be told from others. */
export interface PodIdentity {
  readonly podUid: string;
  /** User id of its processes. */
  readonly uid: number;
}

/** What passed an interface since it was made, as the pod sees it: received is what the guest sent. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
}

/**
 * The network namespaces of server pods. The pods themselves have no right to change theirs. Throws
 * Unavailable for a pod without processes, PortError `NetworkFailed` with what the tool said, TimedOut.
 */
export interface PodNetworks {
  /** The pod's interfaces. */
  readLinks(pod: PodIdentity): Promise<readonly Link[]>;
  /** Brings it about that everything is so. Safe to call again, also while the guest runs. */
  setUp(pod: PodIdentity, setup: NetworkSetup): Promise<void>;
  /** Counters by the interface's name, for each pod that has processes, by its uid. */
  readTraffic(
    pods: readonly PodIdentity[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, Traffic>>>;
}
