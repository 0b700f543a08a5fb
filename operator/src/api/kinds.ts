// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from "./define-kind.ts";
import { type FlavorSpec, type FlavorStatus, flavor } from "./v1alpha1/flavor.ts";
import { type GuestSpec, type GuestStatus, guest } from "./v1alpha1/guest.ts";
import {
  type HostAggregateSpec,
  type HostAggregateStatus,
  hostAggregate,
} from "./v1alpha1/host-aggregate.ts";
import { type HypervisorSpec, type HypervisorStatus, hypervisor } from "./v1alpha1/hypervisor.ts";
import { type ImageSpec, image } from "./v1alpha1/image.ts";
import { type ServerSpec, type ServerStatus, server } from "./v1alpha1/server.ts";
import {
  type ServerGroupSpec,
  type ServerGroupStatus,
  serverGroup,
} from "./v1alpha1/server-group.ts";

/** Every kind of the product. CRDs, RBAC, clients and reference pages fold over this list. */
export const kinds = {
  server,
  serverGroup,
  flavor,
  image,
  hypervisor,
  hostAggregate,
  guest,
} as const;

export type Server = KubeObject<ServerSpec, ServerStatus>;
export type ServerGroup = KubeObject<ServerGroupSpec, ServerGroupStatus>;
export type Flavor = KubeObject<FlavorSpec, FlavorStatus>;
export type Image = KubeObject<ImageSpec>;
export type Hypervisor = KubeObject<HypervisorSpec, HypervisorStatus>;
export type HostAggregate = KubeObject<HostAggregateSpec, HostAggregateStatus>;
export type Guest = KubeObject<GuestSpec, GuestStatus>;
