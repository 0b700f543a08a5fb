// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { laterConditions, laterMembers } from "./later-release.ts";

test("what the schema does not know is of a later release", () => {
  const known = { phase: {}, run: {} };
  expect(laterMembers(known, { phase: "ACTIVE", tide: { high: true } })).toEqual({
    tide: { high: true },
  });
  expect(laterMembers(known, undefined)).toEqual({});
});

test("conditions of unknown types are of a later release", () => {
  const common = { status: "True", reason: "AsDesired", message: "" } as const;
  const time = { lastTransitionTime: "2026-01-01T00:00:00Z" };
  const [ready, tidal] = [
    { type: "Ready", ...common, ...time },
    { type: "Tidal", ...common, ...time },
  ];
  expect(laterConditions([ready, tidal])).toEqual([tidal]);
});
