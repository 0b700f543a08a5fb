// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { aGuest } from "../../testing/builders.ts";
import { UserIds } from "./user-ids.ts";

const range = { uidFirst: 1000, uidCount: 3 };
const assumptionOf = (uid: number) => ({
  host: "node-1",
  resources: {},
  guest: `guest-${uid}`,
  uid,
});

function idsTakenBy(guestUids: Set<number>): UserIds {
  const guests = {
    byIndex: (_: string, uid: string) => (guestUids.has(Number(uid)) ? [aGuest()] : []),
  };
  const testimonies = { hasUser: () => false };
  return new UserIds({ servers: { byIndex: () => [] }, guests, testimonies }, range, 0);
}

test("a user id is free that neither a Guest nor a decision has", () => {
  expect(idsTakenBy(new Set([1000])).free([assumptionOf(1001)])).toBe(1002);
});

test("when all are taken there is none, until one is given back", () => {
  const taken = new Set([1000, 1001, 1002]);
  const ids = idsTakenBy(taken);
  expect(ids.free([])).toBeUndefined();
  taken.delete(1000);
  expect(ids.free([])).toBe(1000);
});

test("the search goes on where it ended, and around", () => {
  const taken = new Set([1000, 1001]);
  const ids = idsTakenBy(taken);
  expect(ids.free([])).toBe(1002);
  taken.delete(1000);
  expect(ids.free([])).toBe(1002);
  taken.add(1002);
  expect(ids.free([])).toBe(1000);
});
