// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { HostCell } from "../guest/numa/host-cell.ts";
import type { Inventories } from "../placement/inventory.ts";
import type { ResourceProvider } from "../placement/provider.ts";

/** One hypervisor as filters and weighers see it. */
export interface HostState extends HostFacts {
  readonly name: string;
  /** Its agent's heartbeat is fresh. */
  readonly isUp: boolean;
  readonly isDisabled: boolean;
  /** It is the machine that it was when it was first seen or last acknowledged. */
  readonly isIdentityKnown: boolean;
  readonly node: NodeState;
  /** Absent until its agent has reported. */
  readonly inventory: Inventories | undefined;
  /** What claims hold of it, assumed ones included. */
  readonly used: Resources;
}

/** What may be known of a host. A filter or weigher that looks at what is absent does not mind. */
export interface HostFacts {
  readonly traits?: ReadonlySet<string>;
  /** Labels of its Node. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The zone that its Node names; an aggregate's counts first. */
  readonly zone?: string;
  /** What is below it in its tree: NUMA cells, devices. Their root and topmost parent is its name. */
  readonly providers?: readonly ResourceProvider[];
  readonly aggregates?: readonly AggregateState[];
  /** Uids of the Servers that are on it. */
  readonly servers?: ReadonlySet<string>;
  /** Those of them that are in a server group, by its namespace and name. */
  readonly groups?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Properties of the images that its servers were made from, a record for each server. */
  readonly imageProperties?: readonly Readonly<Record<string, string>>[];
  readonly serverCount?: number;
  /** Servers that are being built, moved, resized or snapshotted. */
  readonly ioOperationCount?: number;
  /** Builds that failed since the last that succeeded. */
  readonly failedBuildCount?: number;
  /** Its version in one number that grows with it. */
  readonly hypervisorVersion?: number;
  readonly supportedGuests?: readonly SupportedGuest[];
  readonly physicalAddressBits?: number;
  readonly address?: string;
  /** Anything else that it says of itself, by the names that extra specs use. */
  readonly capabilities?: Readonly<Record<string, Capability>>;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly devices?: readonly DevicePool[];
  readonly cells?: readonly HostCell[];
}

/** A value, or more values by name. */
export type Capability =
  | string
  | number
  | boolean
  | null
  | readonly Capability[]
  | { readonly [name: string]: Capability };

/** A host aggregate that the host is in. */
export interface AggregateState {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A kind of guest that the host can run, in Nova's words. */
export interface SupportedGuest {
  readonly architecture: string;
  readonly hypervisorType: string;
  readonly vmMode: string;
}

/** Free devices that are alike. */
export interface DevicePool {
  readonly count: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** What the administrator says by the Node object: `Gone` when there is none. */
export type NodeState = "Offered" | "Unlabelled" | "Cordoned" | "Gone";

/** A Node object, as far as decisions depend on it. */
export interface NodeView {
  readonly state: Exclude<NodeState, "Gone">;
  readonly labels: Readonly<Record<string, string>>;
  /** An address of the node in the cluster's network. */
  readonly address?: string;
}
