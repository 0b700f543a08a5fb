// SPDX-License-Identifier: Apache-2.0
import type { Incarnation } from "./paths.ts";

/** A guest that began on a host, where its disk is, and of which the API server has no Guest. */
export interface ForgottenGuest extends Incarnation {
  /** The user that its QEMU runs as, and that owns its disk. */
  readonly uid: number;
}

/** What a host says that the API server has forgotten. */
export interface Testimony {
  readonly guests: readonly ForgottenGuest[];
  /** There was no room for more: of servers that are not among them nothing is said. */
  readonly isCut: boolean;
}

/** A Lease is written every few seconds, and an annotation has 256 KiB for all. */
const guestsMax = 256;
const cut = "...";
/** Tokens leave room for the next one, and no server's user is root. */
const wordPattern = /^([0-9a-f-]{1,64})\/([1-9]\d{0,14})\/([1-9]\d{0,9})$/;
const userIdMax = 2_147_483_647;

/** The text of an annotation: `SERVER_UID/TOKEN/UID` with blanks between; empty when there are none. */
export function writeTestimony(guests: readonly ForgottenGuest[]): string {
  const words = guests
    .slice(0, guestsMax)
    .map(({ serverUid, token, uid }) => `${serverUid}/${token}/${uid}`);
  return [...words, ...(guests.length > guestsMax ? [cut] : [])].join(" ");
}

/** Undefined when nothing was said, or nothing that can be read: a host is not trusted to write well. */
export function readTestimony(text: string | undefined): Testimony | undefined {
  if (text === undefined) return undefined;
  const words = text.split(" ").filter((word) => word !== "");
  const isCut = words.at(-1) === cut;
  const guests: ForgottenGuest[] = [];
  for (const word of isCut ? words.slice(0, -1) : words) {
    const [, serverUid, token, uid] = wordPattern.exec(word) ?? [];
    if (serverUid === undefined || Number(uid) > userIdMax) return undefined;
    guests.push({ serverUid, token: Number(token), uid: Number(uid) });
  }
  return { guests, isCut };
}
