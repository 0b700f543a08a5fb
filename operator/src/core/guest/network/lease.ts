// SPDX-License-Identifier: Apache-2.0

/** What a guest's card is told by DHCP. */
export interface Lease {
  /** The pod's interface on which the guest asks. */
  readonly device: string;
  readonly mac: string;
  readonly address: string;
  readonly prefixLength: number;
  /** Absent where nothing else is reached through this network. */
  readonly gateway?: string;
  readonly mtu: number;
  readonly hostname: string;
  /** The tap by which the guest is told of IPv6, and the prefix of 64 bits that it is told of. */
  readonly router6?: { readonly device: string; readonly prefix: string } | undefined;
}

const noAddress = "0.0.0.0";

/**
 * The file by which the agent tells the pod's DHCP server what to give out: a line for each card. The
 * server reads it again when it changes, and needs no agent to renew a lease.
 */
export function leaseFile(leases: readonly Lease[]): string {
  return leases
    .map(({ device, mac, address, prefixLength, gateway, mtu, hostname, router6 }) =>
      [
        ...[device, mac, `${address}/${prefixLength}`, gateway ?? noAddress, mtu, hostname],
        ...(router6 === undefined ? [] : [router6.device, router6.prefix]),
      ]
        .join(" ")
        .concat("\n"),
    )
    .join("");
}
