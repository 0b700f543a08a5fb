// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { LeaseWitness } from "./lease-witness.ts";

let witness: LeaseWitness;
beforeEach(() => {
  witness = new LeaseWitness();
});

function renews(renewTime: string): void {
  witness.writes(renewTime);
  witness.confirms(renewTime);
}

const agrees = (renewTime: string | undefined): boolean =>
  witness.agrees(renewTime, witness.confirmed);

describe("a Lease is of our history", () => {
  test("as long as we wrote nothing that was confirmed, whatever it says", () => {
    expect(agrees("10:00")).toBe(true);
    witness.writes("10:01");
    expect(agrees(undefined)).toBe(true);
  });

  test("when it says what we wrote last, or a write of ours whose answer was lost", () => {
    renews("10:00");
    expect(agrees("10:00")).toBe(true);
    witness.writes("10:01");
    expect([agrees("10:00"), agrees("10:01")]).toEqual([true, true]);
  });

  test("when it was renewed while its answer was under way", () => {
    renews("10:00");
    const { confirmed } = witness;
    renews("10:01");
    renews("10:02");
    expect(witness.agrees("10:00", confirmed)).toBe(true);
    expect(witness.agrees("10:01", confirmed)).toBe(true);
  });

  test("after more renewals than are kept", () => {
    for (let count = 0; count < 1000; count += 1) renews(`10:00:${count}`);
    expect([agrees("10:00:999"), agrees("10:00:998")]).toEqual([true, false]);
  });

  test("also when the wall clock was set back in between", () => {
    renews("10:00");
    renews("09:00");
    expect(agrees("09:00")).toBe(true);
  });
});

describe("a Lease is of another history", () => {
  test.each([
    ["it says what we wrote before", "10:00"],
    ["it says what we never wrote", "09:00"],
    ["it says nothing", undefined],
  ])("when %s", (_, renewTime) => {
    renews("10:00");
    renews("10:01");
    expect(agrees(renewTime)).toBe(false);
  });
});
