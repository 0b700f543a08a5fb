// SPDX-License-Identifier: Apache-2.0
import { group, version, type KubeObject, type ObjectMeta } from "../api/define-kind.ts";
import {
  kinds,
  type Flavor,
  type Guest,
  type HostAggregate,
  type Hypervisor,
  type Image,
  type Server,
  type ServerGroup,
} from "../api/kinds.ts";

import type { IpamClaim } from "../core/guest/network/address-claim.ts";

/** Which resource of the API server, and the type of its objects. */
export interface ResourceType<T extends ResourceObject = ResourceObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  /** Carries `T` for inference only; never set. */
  readonly objectType?: T;
}

/** Any object of the API server. */
export interface ResourceObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A core/v1 Pod: the members that the product writes or reads. */
export interface Pod extends ResourceObject {
  readonly spec: Readonly<Record<string, unknown>> & { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly state?: Readonly<
        Record<string, { readonly reason?: string; readonly message?: string }>
      >;
    }[];
  };
}

/** A core/v1 Node: the members that the product reads. */
export interface Node extends ResourceObject {
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly podCIDRs?: readonly string[];
    readonly taints?: readonly {
      readonly key: string;
      readonly value?: string;
      readonly effect: string;
    }[];
  };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly capacity?: Readonly<Record<string, string>>;
    readonly nodeInfo?: { readonly bootID?: string; readonly kernelVersion?: string };
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A networking.k8s.io/v1 ServiceCIDR: the members that the product reads. */
export interface ServiceCidr extends ResourceObject {
  readonly spec?: { readonly cidrs?: readonly string[] };
}

/** A k8s.cni.cncf.io/v1 NetworkAttachmentDefinition: the members that the product reads. */
export interface NetworkAttachmentDefinition extends ResourceObject {
  readonly spec?: {
    /** A CNI configuration in JSON. */
    readonly config?: string;
  };
}

/** A coordination.k8s.io/v1 Lease: leader election and heartbeats. */
export interface Lease extends ResourceObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** A policy/v1 PodDisruptionBudget: the members that the product writes. */
export interface PodDisruptionBudget extends ResourceObject {
  readonly spec: {
    readonly minAvailable: number;
    readonly selector: {
      readonly matchExpressions: readonly { readonly key: string; readonly operator: "Exists" }[];
    };
  };
}

/** An events.k8s.io/v1 Event. */
export interface KubeEvent extends ResourceObject {
  readonly eventTime: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly note: string;
  readonly action: string;
  readonly regarding: Readonly<Record<string, unknown>>;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

function own<T extends KubeObject>(definition: {
  readonly plural: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
}): ResourceType<T> {
  return {
    group,
    version,
    plural: definition.plural,
    kind: definition.kind,
    isNamespaced: definition.scope === "Namespaced",
  };
}

/** Every resource that the product touches. */
export const resources = {
  servers: own<Server>(kinds.server),
  serverGroups: own<ServerGroup>(kinds.serverGroup),
  hostAggregates: own<HostAggregate>(kinds.hostAggregate),
  flavors: own<Flavor>(kinds.flavor),
  images: own<Image>(kinds.image),
  hypervisors: own<Hypervisor>(kinds.hypervisor),
  guests: own<Guest>(kinds.guest),
  pods: core<Pod>("pods", "Pod", true),
  nodes: core<Node>("nodes", "Node", false),
  namespaces: core<ResourceObject>("namespaces", "Namespace", false),
  serviceCidrs: {
    group: "networking.k8s.io",
    version: "v1",
    plural: "servicecidrs",
    kind: "ServiceCIDR",
    isNamespaced: false,
  } as ResourceType<ServiceCidr>,
  networkAttachments: {
    group: "k8s.cni.cncf.io",
    version: "v1",
    plural: "network-attachment-definitions",
    kind: "NetworkAttachmentDefinition",
    isNamespaced: true,
  } as ResourceType<NetworkAttachmentDefinition>,
  ipamClaims: {
    group: "k8s.cni.cncf.io",
    version: "v1alpha1",
    plural: "ipamclaims",
    kind: "IPAMClaim",
    isNamespaced: true,
  } as ResourceType<IpamClaim>,
  leases: {
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    kind: "Lease",
    isNamespaced: true,
  } as ResourceType<Lease>,
  podDisruptionBudgets: {
    group: "policy",
    version: "v1",
    plural: "poddisruptionbudgets",
    kind: "PodDisruptionBudget",
    isNamespaced: true,
  } as ResourceType<PodDisruptionBudget>,
  events: {
    group: "events.k8s.io",
    version: "v1",
    plural: "events",
    kind: "Event",
    isNamespaced: true,
  } as ResourceType<KubeEvent>,
} as const;

function core<T extends ResourceObject>(
  plural: string,
  kind: string,
  isNamespaced: boolean,
): ResourceType<T> {
  return { group: "", version: "v1", plural, kind, isNamespaced };
}

/** Which object. `namespace` is absent for cluster-scoped ones. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

export interface Selector {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selector {
  /** "cached" may answer from the API server's watch cache; "quorum" is as fresh as etcd. */
  readonly consistency: "cached" | "quorum";
}

/** Everything that a list holds, all pages joined, and where to watch from. */
export interface ListResult<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export interface WatchOptions extends Selector {
  /** Events after this version of the list. */
  readonly resourceVersion: string;
  /** The server ends the watch after about this time. */
  readonly timeoutSeconds: number;
}

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  /** No change; the watch has seen everything up to this version. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** Who writes: becomes the field manager of every member that the write sets. */
export interface WriteOptions {
  readonly fieldManager: string;
}

export interface DeleteOptions {
  /** Delete only the object of this uid: one of the same name made later is left alone. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
}

/**
 * The API server. Every method throws a PortError: NotFound, Conflict (stale resourceVersion),
 * AlreadyExists, Refused (forbidden, invalid, admission, quota; `reason` is the API's), Unavailable
 * (cannot be reached, 429, 5xx), TimedOut (a write may have happened), Expired (watch or list too old).
 */
export interface KubeStore {
  /** Reads one object from etcd, never from a cache. */
  get<T extends ResourceObject>(type: ResourceType<T>, ref: ObjectRef): Promise<T>;
  list<T extends ResourceObject>(
    type: ResourceType<T>,
    options: ListOptions,
  ): Promise<ListResult<T>>;
  /**
   * Ends without an error when the server closes it or the signal aborts; throws Expired when the
   * history is gone.
   */
  watch<T extends ResourceObject>(
    type: ResourceType<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
  /** Throws a TypeError when `metadata.resourceVersion` is set: the object was read, it is not new. */
  create<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T>;
  /**
   * Replaces all but status. `metadata.resourceVersion` must be current; our kinds and Leases need
   * one. What says nothing new keeps its version.
   */
  update<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T>;
  /** Replaces status only, and ignores the rest; otherwise as `update`. */
  updateStatus<T extends ResourceObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
  ): Promise<T>;
  /** Server-side apply, forced: the members in `object` become this manager's, no others. */
  apply<T extends ResourceObject>(
    type: ResourceType<T>,
    object: ApplyObject,
    options: WriteOptions & { readonly subresource?: "status" },
  ): Promise<T>;
  /** JSON merge patch; `metadata.resourceVersion` in the patch makes it conditional. */
  patch<T extends ResourceObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions,
  ): Promise<T>;
  /** Safe to call again: NotFound is thrown when it is gone, Conflict when uid or version differ. */
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
}

/** What server-side apply sends: identity and the members that the manager wants to own. */
export interface ApplyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Pick<ObjectMeta, "name" | "namespace" | "labels" | "annotations">;
  readonly [member: string]: unknown;
}
