// SPDX-License-Identifier: Apache-2.0
import { group } from "./define-kind.ts";

/** Labels that the operator sets on what it makes, and that nodes carry. */
export const label = {
  /** On Guests and server pods: the uid of their Server, found even when owners were stripped. */
  serverUid: `${group}/server-uid`,
  /** On Guests and server pods: the name of their Server, for people and for Services. */
  server: `${group}/server`,
  /** On nodes, set by the administrator: this node shall run servers. */
  hypervisor: `${group}/hypervisor`,
  /** On nodes, kept by the operator while Guests stand there, so that the agent stays. */
  inUse: `${group}/in-use`,
  /** Kubernetes' own word for what made an object, on objects of other groups that the operator keeps. */
  managedBy: "app.kubernetes.io/managed-by",
} as const;

/** The value of {@link label.managedBy} on what the operator keeps. */
export const manager = "kilonova";

/** The finalizer of Servers (until every Guest is gone) and of Guests (until the node undid them). */
export const finalizer = `${group}/guest`;

export const annotation = {
  /** On server pods: the guest image that they were made to run, as no admission webhook changed it. */
  guestImage: `${group}/guest-image`,
  /** On a Server or Guest, by an administrator: give up what an unreachable host still holds. */
  abandon: `${group}/abandon`,
  /** On an agent's Lease: guests that began on its node, and of which there is no Guest. */
  forgotten: `${group}/forgotten-guests`,
  /** On server pods: what the guest is told of itself, as a recipe for the pod. */
  metadata: `${group}/metadata`,
  /** On server pods: the keys of the labels that were copied from the Server, as a JSON list. */
  copiedLabels: `${group}/copied-labels`,
  /** On server pods: how the pod finds out whether its guest is ready; absent, by its running. */
  readinessProbe: `${group}/readiness-probe`,
  /** On server pods: the networks that Multus attaches, by the de-facto standard's name. */
  networkAttachments: "k8s.v1.cni.cncf.io/networks",
} as const;

/** Name of the CSI driver whose inline volume carries a guest's directory into its pod. */
export const csiDriver = `guest.${group}`;

/** Field managers of server-side apply and of updates: who wrote which field. */
export const fieldManager = { operator: "kilonova-operator", agent: "kilonova-agent" } as const;

/** The extended resources that the agent's device plugins offer to server pods. */
export const deviceResource = {
  kvm: `${group}/kvm`,
  tun: `${group}/tun`,
} as const;
