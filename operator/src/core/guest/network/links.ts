// SPDX-License-Identifier: Apache-2.0

/** A network interface of a pod. */
export interface Link {
  readonly name: string;
  readonly mtu: number;
  /** Empty where it has none. */
  readonly mac: string;
  /** Global ones, without their prefix. */
  readonly addresses: readonly string[];
}

/** The interface that the cluster's network plugin gives to every pod. */
export const podInterface = "eth0";

/** The interface in the pod that a guest's card is the other end of; cards count from 0. */
export function tapName(card: number): string {
  return `tap${card}`;
}
