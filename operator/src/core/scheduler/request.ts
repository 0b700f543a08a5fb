// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { GuestTopology } from "../guest/numa/guest-topology.ts";
import type { LabelSelector } from "../../api/label-selector.ts";
import type { CandidateRequest } from "../placement/candidate-request.ts";
import type { SoftTraits } from "../placement/requested-groups.ts";

/** What the scheduler is asked to find a host for. What is absent is not asked for. */
export interface ScheduleRequest {
  /** Uid of the Server: decides between hosts that are as good as each other. */
  readonly serverUid: string;
  /** What the server takes of its host, all groups together. */
  readonly resources: Resources;
  /** The same in groups with their traits, as Placement is asked; absent: one group without traits. */
  readonly placement?: CandidateRequest;
  /** Hosts that refused it since it was last granted a run. */
  readonly refusedHosts: readonly string[];
  /** The tenant. */
  readonly namespace?: string;
  readonly flavor?: RequestedFlavor;
  readonly image?: RequestedImage;
  readonly group?: GroupState;
  readonly hints?: Hints;
  /** The zone that the server asked for, or is pinned to since. */
  readonly zone?: string;
  /** Traits that are better there, or better not there, than otherwise. */
  readonly traits?: SoftTraits;
  /** Devices that it is to be given. */
  readonly devices?: readonly DeviceRequest[];
  /** The NUMA cells of the guest. */
  readonly topology?: GuestTopology;
}

export interface RequestedFlavor {
  readonly name: string;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

export interface RequestedImage {
  readonly id: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** The server group that the server is a member of, and where the other members are. */
export interface GroupState {
  readonly policy: "affinity" | "anti-affinity" | "soft-affinity" | "soft-anti-affinity";
  /** What the policy keeps together or apart: hosts, or the zones that they are in. */
  readonly topology: "Host" | "Zone";
  /** How many members may share a host or zone under anti-affinity. */
  readonly serversMax: number;
  /** How many members there are, by name of host or zone. */
  readonly members: ReadonlyMap<string, number>;
}

/** What its owner asks for beside flavor and image. Source: nova-semantics 5.6. */
export interface Hints {
  /** Uids of Servers that it must not share a host with. */
  readonly differentHost?: readonly string[];
  /** Uids of Servers: it must share a host with one of them. */
  readonly sameHost?: readonly string[];
  /** A network in CIDR notation that the host's address has to be in. */
  readonly hostNetwork?: string;
  /** Labels that the host's Node has to have. */
  readonly nodeSelector?: LabelSelector;
}

/** Some devices that are alike. */
export interface DeviceRequest {
  readonly count: number;
  /** Any of these descriptions: each names what a device has to be equal in. */
  readonly anyOf: readonly Readonly<Record<string, string>>[];
}
