// SPDX-License-Identifier: Apache-2.0
import type {
  Flavor,
  Guest,
  HostAggregate,
  Hypervisor,
  Image,
  Server,
  ServerGroup,
} from "../api/kinds.ts";
import { label, manager } from "../api/names.ts";
import { conditionOf } from "../core/lib/condition-set.ts";
import { cardKeys } from "../core/server/attachments.ts";
import { Informer, type InformerOptions } from "../platform/informer.ts";
import type { Logger } from "../platform/logging.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Clock } from "../ports/clock.ts";
import {
  type KubeStore,
  type Lease,
  type NetworkAttachmentDefinition,
  type Node,
  type Pod,
  type PodDisruptionBudget,
  type ResourceObject,
  type ResourceType,
  resources,
} from "../ports/kube.ts";
import type { Random } from "../ports/random.ts";
import { keptOfPod } from "./server/observed-pod.ts";

/** What everything in the operator is made with. */
export interface Context {
  readonly kube: KubeStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Whether a server waits for a host, as far as it is known. */
export function isWaiting(server: Server | undefined): boolean {
  return (
    server?.status?.run?.state !== "Granted" && server?.metadata.deletionTimestamp === undefined
  );
}

/**
 * Whether a server was told why it has no host. One that was not told yet need not be woken when a host
 * changes: its first pass is still to come. In a burst of ten thousand that is what keeps one host's change
 * from being ten thousand passes.
 */
function isUnplaced(server: Server): boolean {
  const scheduled = conditionOf(server.status?.conditions, "Scheduled");
  return scheduled?.status === "False" && isWaiting(server);
}

/** Keys of the NetworkAttachmentDefinitions that a Server names. */
function attachmentsOf({ metadata, spec }: Server): string[] {
  return (spec.networks ?? []).flatMap(({ networkAttachment }) =>
    networkAttachment === undefined ? [] : [`${metadata.namespace}/${networkAttachment.name}`],
  );
}

/** Ways to find objects beside their key. */
const serverIndexes = {
  uid: ({ metadata }: Server) => [metadata.uid ?? ""],
  flavor: ({ spec }: Server) => [spec.flavor],
  image: ({ metadata, spec }: Server) => [`${metadata.namespace}/${spec.image.name}`],
  host: ({ status }: Server) => (status?.run === undefined ? [] : [status.run.host]),
  namespace: ({ metadata }: Server) => [metadata.namespace ?? ""],
  /** The user id of its pods. */
  userId: ({ status }: Server) => (status?.machine === undefined ? [] : [`${status.machine.uid}`]),
  group: ({ metadata, spec }: Server) =>
    spec.serverGroup === undefined ? [] : [`${metadata.namespace}/${spec.serverGroup}`],
  attachment: attachmentsOf,
  /** Its addresses on networks of Multus. */
  card: cardKeys,
  unplaced: (server: Server) => (isUnplaced(server) ? ["yes"] : []),
};
const guestIndexes = {
  host: ({ spec }: Guest) => [spec.host],
  server: ({ metadata }: Guest) => [metadata.labels?.[label.serverUid] ?? ""],
  userId: ({ spec }: Guest) => [`${spec.uid}`],
};
const podIndexes = {
  server: ({ metadata }: Pod) => [metadata.labels?.[label.serverUid] ?? ""],
};

/**
 * Everything that the operator watches. A leader makes it when it begins, with lists as fresh as etcd:
 * it decides nothing by what another leader's writes have overtaken.
 */
export class Fleet {
  readonly servers: Informer<Server>;
  readonly serverGroups: Informer<ServerGroup>;
  readonly flavors: Informer<Flavor>;
  readonly images: Informer<Image>;
  readonly guests: Informer<Guest>;
  readonly pods: Informer<Pod>;
  readonly budgets: Informer<PodDisruptionBudget>;
  readonly hypervisors: Informer<Hypervisor>;
  readonly aggregates: Informer<HostAggregate>;
  readonly nodes: Informer<Node>;
  readonly namespaces: Informer<ResourceObject>;
  /** None where Multus is not installed. */
  readonly attachments: Informer<NetworkAttachmentDefinition>;
  readonly heartbeats: Informer<Lease>;

  constructor(context: Context, heartbeatNamespace: string) {
    const watch = <T extends ResourceObject>(
      type: ResourceType<T>,
      indexes: Readonly<Record<string, (object: T) => readonly string[]>> = {},
      options: Pick<InformerOptions<T>, "selector" | "keep" | "mayBeAbsent"> = {},
    ): Informer<T> => new Informer({ ...context, type, indexes, firstList: "quorum", ...options });
    this.servers = watch(resources.servers, serverIndexes);
    this.serverGroups = watch(resources.serverGroups);
    this.flavors = watch(resources.flavors);
    this.images = watch(resources.images);
    this.guests = watch(resources.guests, guestIndexes);
    this.pods = watch(resources.pods, podIndexes, {
      selector: { labelSelector: label.serverUid },
      keep: keptOfPod,
    });
    this.budgets = watch(
      resources.podDisruptionBudgets,
      {},
      { selector: { labelSelector: `${label.managedBy}=${manager}` } },
    );
    this.hypervisors = watch(resources.hypervisors);
    this.aggregates = watch(resources.hostAggregates);
    this.nodes = watch(resources.nodes);
    this.namespaces = watch(resources.namespaces);
    this.attachments = watch(resources.networkAttachments, {}, { mayBeAbsent: true });
    this.heartbeats = watch(resources.leases, {}, { selector: { namespace: heartbeatNamespace } });
  }

  /** Runs until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((informer) => informer.run(signal)));
  }

  /** A namespace that is being deleted: nothing can be made there, and all that is there goes. */
  isLeaving(namespace: string): boolean {
    return this.namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined;
  }

  /** Resolves when every cache is whole; rejects with the signal's reason when that aborts first. */
  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((informer) => informer.synced(signal)));
  }

  #all(): readonly Pick<Informer<ResourceObject>, "run" | "synced">[] {
    return [
      this.servers,
      this.serverGroups,
      this.flavors,
      this.images,
      this.guests,
      this.pods,
      this.budgets,
      this.hypervisors,
      this.aggregates,
      this.nodes,
      this.namespaces,
      this.attachments,
      this.heartbeats,
    ];
  }
}
