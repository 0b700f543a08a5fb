// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { aGuest } from "../../testing/builders.ts";
import { isReleased } from "./release.ts";

const proof: GuestStatus = { domain: "Off", isReleased: true, observedGeneration: 2 };
const guest = (status?: GuestStatus) =>
  aGuest({ metadata: { generation: 2 }, ...(status !== undefined && { status }) });

describe("a run right is given back", () => {
  test("when the host says so of the Guest as it is now, and its domain is off", () => {
    expect(isReleased(guest(proof))).toBe(true);
  });

  test.each<GuestStatus | undefined>([
    undefined,
    {},
    { ...proof, isReleased: false },
    { ...proof, domain: "Running" },
    { ...proof, domain: "Stopping" },
    { ...proof, observedGeneration: 1 },
    { domain: "Off", observedGeneration: 2 },
  ])("by nothing less: %j", (status) => {
    expect(isReleased(guest(status))).toBe(false);
  });
});
