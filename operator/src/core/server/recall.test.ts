// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type HostWord, recallOf } from "./recall.ts";

const uid = "5e12e";
const guest = (token: number) => ({ serverUid: uid, token, uid: 10_000 });
const spoken = (host: string, ...guests: ReturnType<typeof guest>[]): HostWord => {
  return { host, isUp: true, testimony: { guests, isCut: false } };
};
const silent: HostWord = { host: "node-9", isUp: true, testimony: undefined };
const older = { isOlder: true, ledSeconds: 5 };

describe("the hosts that are waited for", () => {
  test.each<[string, HostWord, number, boolean]>([
    ["one that beats and has not spoken, however long", silent, 1000, true],
    ["one that was not heard yet", { ...silent, isUp: false }, 59, true],
    ["not one that is silent for a minute", { ...silent, isUp: false }, 60, false],
    ["not one that has spoken", spoken("node-9"), 0, false],
    ["one that has more to say", { ...silent, testimony: { guests: [], isCut: true } }, 1000, true],
  ])("%s", (_, word, ledSeconds, isAwaited) => {
    const { silentHosts } = recallOf(uid, [spoken("node-1"), word], { isOlder: true, ledSeconds });
    expect(silentHosts).toEqual(isAwaited ? ["node-9"] : []);
  });

  test("are none for a server that was made since the leader began", () => {
    expect(recallOf(uid, [silent], { isOlder: false, ledSeconds: 0 }).silentHosts).toEqual([]);
  });
});

describe("the guest that the API server has forgotten", () => {
  test("is the one that began last, where it is", () => {
    const words = [spoken("node-1", guest(2)), spoken("node-2", guest(3)), spoken("node-3")];
    expect(recallOf(uid, words, older)).toEqual({
      guest: { ...guest(3), host: "node-2" },
      silentHosts: [],
    });
  });

  test("is no other server's", () => {
    const other = { ...guest(1), serverUid: "other" };
    expect(recallOf(uid, [spoken("node-1", other)], older).guest).toBeUndefined();
  });
});
