// SPDX-License-Identifier: Apache-2.0
import type { Guest, Server } from "../../api/kinds.ts";
import { label } from "../../api/names.ts";
import { readDefinition } from "../../core/guest/network/definition.ts";
import type { PodPolicy } from "../../core/guest/pod.ts";
import type { AssumedClaims } from "../../core/scheduler/assumed.ts";
import type { SchedulerSettings } from "../../core/scheduler/settings.ts";
import { cardKeys } from "../../core/server/attachments.ts";
import type {
  WriteRefusal,
  Neighbour,
  Placement,
  ServerObservation,
} from "../../core/server/state.ts";
import { refOf } from "../../platform/informer.ts";
import { type KubeStore, type Pod, resources } from "../../ports/kube.ts";
import type { Random } from "../../ports/random.ts";
import { ifPresent } from "../absence.ts";
import type { Fleet } from "../fleet.ts";
import type { HostBook } from "../host-book.ts";
import type { Testimonies } from "../testimonies.ts";
import { observedPod } from "./observed-pod.ts";
import { UserIds } from "./user-ids.ts";

export interface ObserverOptions {
  readonly kube: KubeStore;
  readonly fleet: Fleet;
  readonly assumed: AssumedClaims;
  /** User ids of server pods: the first, and how many. */
  readonly uidFirst: number;
  readonly uidCount: number;
  readonly overheadMib: number;
  readonly podPolicy: PodPolicy;
  readonly settings: SchedulerSettings;
  readonly hosts: HostBook;
  readonly testimonies: Testimonies;
  readonly random: Random;
}

/** What only the shell knows of a Server. */
export interface Recollection {
  readonly creationRefusal: WriteRefusal | undefined;
  readonly markRefusal: WriteRefusal | undefined;
  readonly nowMs: number;
}

/** Gathers what a Server's plan is made from. */
export class ServerObserver {
  readonly #options: ObserverOptions;
  readonly #userIds: UserIds;

  constructor(options: ObserverOptions) {
    this.#options = options;
    const { servers, guests } = options.fleet;
    const { testimonies, random } = options;
    this.#userIds = new UserIds({ servers, guests, testimonies }, options, random.fraction());
  }

  /** By the caches: enough to see whether there is anything to do. Undefined when there is no Server. */
  cached(key: string, recollection: Recollection): ServerObservation | undefined {
    const { fleet } = this.#options;
    const server = fleet.servers.get(key);
    if (server === undefined) return undefined;
    const uid = server.metadata.uid ?? "";
    const guests = fleet.guests.byIndex("server", uid);
    return this.#observation(
      { server, guests, pods: fleet.pods.byIndex("server", uid) },
      recollection,
    );
  }

  /** By the API server itself: nothing is granted, made or deleted by less (protocol P1). */
  async fresh(key: string, recollection: Recollection): Promise<ServerObservation | undefined> {
    const { kube, assumed } = this.#options;
    const ref = refOf(key);
    const server = await ifPresent(kube.get(resources.servers, ref));
    assumed.read(key, server);
    if (server === undefined) return undefined;
    const selection = {
      ...(ref.namespace !== undefined && { namespace: ref.namespace }),
      labelSelector: `${label.serverUid}=${server.metadata.uid}`,
      consistency: "quorum",
    } as const;
    const [guests, pods] = await Promise.all([
      kube.list(resources.guests, selection),
      kube.list(resources.pods, selection),
    ]);
    return this.#observation({ server, guests: guests.items, pods: pods.items }, recollection);
  }

  #observation(own: Own, recollection: Recollection): ServerObservation {
    const { fleet, overheadMib, podPolicy } = this.#options;
    const { server } = own;
    return {
      server,
      isNamespaceLeaving: fleet.isLeaving(server.metadata.namespace ?? ""),
      flavor: fleet.flavors.get(server.spec.flavor),
      image: fleet.images.get(`${server.metadata.namespace}/${server.spec.image.name}`),
      guests: own.guests.toSorted((one, other) => one.spec.token - other.spec.token),
      pods: own.pods.map(observedPod),
      hostOf: (name) => {
        const status = fleet.hypervisors.get(name)?.status;
        const zone = this.#options.hosts.zoneOf(name);
        return status && { isUp: status.state === "up", virtType: status.virtType, zone };
      },
      serverGroup:
        server.spec.serverGroup === undefined
          ? undefined
          : fleet.serverGroups.get(`${server.metadata.namespace}/${server.spec.serverGroup}`),
      uidOfServer: (name) =>
        fleet.servers.get(`${server.metadata.namespace}/${name}`)?.metadata.uid,
      attachmentOf: (name) => {
        const found = fleet.attachments.get(`${server.metadata.namespace}/${name}`);
        return found && readDefinition(name, found.spec?.config);
      },
      neighbours: () => this.#neighbours(server),
      placement: () => this.#placement(),
      recall: () => this.#options.testimonies.recall(server.metadata.uid ?? ""),
      overheadMib,
      guestImage: podPolicy.guestImage,
      ...recollection,
    };
  }

  #neighbours(server: Server): Neighbour[] {
    const { fleet, assumed } = this.#options;
    const { uid } = server.metadata;
    const others = new Set(cardKeys(server).flatMap((key) => fleet.servers.byIndex("card", key)));
    const promised = new Set(assumed.list().map(({ holder }) => holder?.serverUid));
    return [...others]
      .filter((other) => other.metadata.uid !== uid)
      .map((other) => {
        const isGranted = other.status?.run?.state === "Granted";
        return { server: other, isGranted: isGranted || promised.has(other.metadata.uid) };
      });
  }

  #placement(): Placement {
    const { assumed, settings, hosts } = this.#options;
    const assumptions = assumed.list();
    return {
      hosts: hosts.list(assumptions),
      settings,
      freeUid: this.#userIds.free(assumptions),
    };
  }
}

/** The Server and what carries its uid. */
interface Own {
  readonly server: Server;
  readonly guests: readonly Guest[];
  readonly pods: readonly Pod[];
}
