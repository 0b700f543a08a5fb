// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { secondsSince, timestampOf } from "./time.ts";

const nowMs = Date.parse("2026-01-01T00:01:00Z");

test("a moment is written in whole seconds", () => {
  expect(timestampOf(nowMs + 999)).toBe("2026-01-01T00:01:00Z");
});

describe("the age of a timestamp", () => {
  test("is counted in seconds", () => {
    expect(secondsSince("2026-01-01T00:00:30Z", nowMs)).toBe(30);
  });

  test("is 0 when the other clock is a little ahead", () => {
    expect(secondsSince("2026-01-01T00:01:20Z", nowMs)).toBe(0);
  });

  test("is infinite when there is none, and when it cannot be true", () => {
    expect(secondsSince(undefined, nowMs)).toBe(Infinity);
    expect(secondsSince("2027-01-01T00:00:00Z", nowMs)).toBe(Infinity);
    expect(secondsSince("nonsense", nowMs)).toBe(Infinity);
  });
});
