// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { guestName, labelValueOf } from "./names.ts";

const uid = "0f9b3c1e-0000-4000-8000-000000000000";

describe("the name of a guest", () => {
  test("says whose incarnation it is and which", () => {
    expect(guestName("web-1", uid, 7)).toBe("web-1-0f9b3-7");
  });

  test("cuts a long server name where a name may end", () => {
    const name = `${"a".repeat(38)}-.${"b".repeat(200)}`;
    expect(guestName(name, uid, 1)).toBe(`${"a".repeat(38)}-0f9b3-1`);
    expect(guestName("x".repeat(253), uid, 999_999_999).length).toBeLessThanOrEqual(63);
  });
});

test("a label's value is cut where it may end", () => {
  expect(labelValueOf("web-1")).toBe("web-1");
  expect(labelValueOf(`${"a".repeat(62)}.b`)).toBe("a".repeat(62));
});
