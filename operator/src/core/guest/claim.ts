// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { describeList } from "../lib/list.ts";
import { describeShortage, shortagesOf } from "../placement/capacity.ts";
import { addUp, type Inventories } from "../placement/inventory.ts";
import { brokenGroupRule, type GroupPeers } from "./group-rule.ts";

/** The host's answer to a claim. */
export type ClaimAnswer = NonNullable<GuestStatus["claim"]>;

/** What claims of one host are judged by. */
export interface ClaimBook {
  /** Every Guest of this host, in no order. */
  readonly guests: readonly Guest[];
  /** Undefined as long as the host does not know what it has to give. */
  readonly inventories: Inventories | undefined;
  /** Guests of its server group wherever they are, where {@link isRuleFleetWide}: read after it was. */
  readonly peers: readonly Guest[];
  /** Whether the host committed itself to this Guest without having said so: it holds its disk. */
  readonly isCommitted: (guest: Guest) => boolean;
}

/**
 * Answers the claim of `guest`, once: it is taken if it fits beside all that the host is committed to and
 * all claims that came before it and fit. Who was made first comes first, then who has the lesser name. A
 * user id that another server has here is refused: a guest's processes are known by it.
 * Source: nova-semantics 1.5, 5.1 (the compute host's claim).
 */
export function answerClaim(guest: Guest, book: ClaimBook): ClaimAnswer | undefined {
  if (guest.status?.claim !== undefined) return guest.status.claim;
  if (book.isCommitted(guest)) return { state: "Accepted" };
  const { inventories, peers } = book;
  if (inventories === undefined) return undefined;
  const committed = book.guests.filter((other) => holdsPlace(other, book));
  const waiting = book.guests
    .filter((other) => isUnanswered(other) && !book.isCommitted(other))
    .toSorted(byAge);
  for (const earlier of waiting) {
    if (isSame(earlier, guest)) break;
    // Its group is not known here: until it is judged, its place is kept for it.
    if (obstacle(earlier, { here: committed, everywhere: [] }, inventories) === undefined) {
      committed.push(earlier);
    }
  }
  const message = obstacle(guest, { here: committed, everywhere: peers }, inventories);
  return message === undefined
    ? { state: "Accepted" }
    : { state: "Refused", reason: "ClaimRefused", message };
}

function holdsPlace(guest: Guest, { isCommitted }: ClaimBook): boolean {
  const { claim, isReleased } = guest.status ?? {};
  if (isReleased === true || claim?.state === "Refused") return false;
  return claim?.state === "Accepted" || isCommitted(guest);
}

function isUnanswered({ spec, status, metadata }: Guest): boolean {
  const isWanted = spec.runState !== "Absent" && metadata.deletionTimestamp === undefined;
  return isWanted && status?.claim === undefined;
}

function obstacle(guest: Guest, peers: GroupPeers, inventories: Inventories): string | undefined {
  const { spec } = guest;
  const { here: committed } = peers;
  const sharer = committed.find(
    (other) => other.spec.uid === spec.uid && other.spec.server.uid !== spec.server.uid,
  );
  if (sharer !== undefined) {
    return `user id ${spec.uid} belongs to server ${sharer.spec.server.name} on this host`;
  }
  const broken = brokenGroupRule(guest, peers);
  if (broken !== undefined) return broken;
  const used = addUp(committed.map((other) => other.spec.resources));
  const shortages = shortagesOf(inventories, used, spec.resources);
  if (shortages.length === 0) return undefined;
  return `the host ${describeList(shortages.map(describeShortage))}`;
}

function byAge({ metadata: one }: Guest, { metadata: other }: Guest): number {
  const ages = compare(one.creationTimestamp ?? "", other.creationTimestamp ?? "");
  return ages === 0 ? compare(keyOf(one), keyOf(other)) : ages;
}

function isSame({ metadata: one }: Guest, { metadata: other }: Guest): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf({ namespace = "", name }: Guest["metadata"]): string {
  return `${namespace}/${name}`;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
