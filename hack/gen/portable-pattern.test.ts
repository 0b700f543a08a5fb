// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { portablePattern } from "./portable-pattern.ts";

describe("portablePattern", () => {
  test("passes on what both sides read alike, without JavaScript's escaped slashes", () => {
    expect(portablePattern(/^https?:\/\/[a-z0-9.:[\]-]+(?:\/[!-~]*)?$/)).toBe(
      "^https?://[a-z0-9.:[\\]-]+(?:/[!-~]*)?$",
    );
    expect(portablePattern(/^\d{4}-\d{2}\.[\d_]$/)).toBe("^\\d{4}-\\d{2}\\.[\\d_]$");
  });

  test.each([
    [/^a\s$/, "escape"],
    [/^\w$/, "escape"],
    [/^(a)\1$/, "escape"],
    [/^[^a]$/, "negated"],
    [/^a.b$/, "dot"],
    [/^a(?=b)$/, "looks around"],
    [/^(?<name>a)$/, "names a group"],
    [/^é$/, "ASCII"],
    [/^a$/i, "flags"],
  ])("refuses %s", (pattern, why) => {
    expect(() => portablePattern(pattern)).toThrow(why);
  });
});
