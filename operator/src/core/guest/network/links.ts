// SPDX-License-Identifier: Apache-2.0

/** A network interface of a pod. */
export interface Link {
  readonly name: string;
  readonly mtu: number;
  /** Empty where it has none. */
  readonly mac: string;
  /** Global ones, with the length of their prefix: `10.250.1.7/24`. */
  readonly addresses: readonly string[];
  /** What somebody noted down at the interface; empty where nobody did. */
  readonly alias: string;
}

/** The interface that the cluster's network plugin gives to every pod. */
export const podInterface = "eth0";

/** The interface in the pod that a guest's card is the other end of; cards count from 0. */
export function tapName(card: number): string {
  return `tap${card}`;
}

/** The tap by which the pod's router speaks to the guest of that card. */
export function routerName(card: number): string {
  return `ra${card}`;
}

/** The interface that Multus is asked to make for the card. */
export function attachmentName(card: number): string {
  return `net${card}`;
}

/** What joins a card of an attachment with its tap. */
export function bridgeName(card: number): string {
  return `br${card}`;
}
