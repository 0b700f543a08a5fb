// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from "./define-kind.ts";
import { type FlavorSpec, flavor } from "./v1alpha1/flavor.ts";
import { type GuestSpec, type GuestStatus, guest } from "./v1alpha1/guest.ts";
import { type HypervisorSpec, type HypervisorStatus, hypervisor } from "./v1alpha1/hypervisor.ts";
import { type ImageSpec, image } from "./v1alpha1/image.ts";
import { type ServerSpec, type ServerStatus, server } from "./v1alpha1/server.ts";

/** Every kind of the product. CRDs, RBAC, clients and reference pages fold over this list. */
export const kinds = { server, flavor, image, hypervisor, guest } as const;

export type Server = KubeObject<ServerSpec, ServerStatus>;
export type Flavor = KubeObject<FlavorSpec>;
export type Image = KubeObject<ImageSpec>;
export type Hypervisor = KubeObject<HypervisorSpec, HypervisorStatus>;
export type Guest = KubeObject<GuestSpec, GuestStatus>;
