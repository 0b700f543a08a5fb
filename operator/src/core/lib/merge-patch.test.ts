// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { mergePatch } from "./merge-patch.ts";

test("it has what differs, null for members that go however deep they stand, and lists as a whole", () => {
  const before = { name: "web", rule: { policy: "anti-affinity", serversMax: 1 }, list: [1, 2] };
  const next = { name: "web", rule: { policy: "affinity", serversMax: undefined }, list: [2] };
  expect(mergePatch(before, next)).toEqual({
    rule: { policy: "affinity", serversMax: null },
    list: [2],
  });
});

test("what was no object, or is none any more, is replaced", () => {
  expect(mergePatch({ one: 1, two: { a: 1 } }, { one: { b: 2 }, two: "x" })).toEqual({
    one: { b: 2 },
    two: "x",
  });
});
