// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { guestImageName } from "./guest-image.ts";

describe("the name of a guest image", () => {
  test("tells its version and its content", () => {
    const record = { version: "0.1.0", content: "7a86dcec911f5cce", packages: { ovmf: "2025.02" } };
    expect(guestImageName(JSON.stringify(record))).toBe("0.1.0-7a86dcec911f5cce");
  });

  test.each(["", "{}", '{"version":"0.1.0"}', '{"version":"../..","content":"a b"}', "null"])(
    "is not made of a record that says %j",
    (record) => {
      expect(guestImageName(record)).toBeUndefined();
    },
  );
});
