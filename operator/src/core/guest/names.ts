// SPDX-License-Identifier: Apache-2.0
const serverPartMax = 40;
const uidPartLength = 5;
const labelValueMax = 63;

/**
 * The name of an incarnation's Guest and of its pod: at most 63 characters for any token below 10^16,
 * and another one for every token and for every Server of the same name that ever was.
 */
export function guestName(serverName: string, serverUid: string, token: number): string {
  return `${serverPart(serverName, serverUid)}-${token}`;
}

/** The name of the IPAMClaim of a server's network: the same for every incarnation. */
export function addressClaimName(serverName: string, serverUid: string, network: string): string {
  return `${serverPart(serverName, serverUid)}.${network}`;
}

function serverPart(serverName: string, serverUid: string): string {
  const name = serverName.slice(0, serverPartMax).replace(/[-.]+$/, "");
  return `${name}-${serverUid.slice(0, uidPartLength)}`;
}

/** The name as a label's value may spell it: at most 63 characters, and a letter or digit at the end. */
export function labelValueOf(name: string): string {
  return name.slice(0, labelValueMax).replace(/[-.]+$/, "");
}
