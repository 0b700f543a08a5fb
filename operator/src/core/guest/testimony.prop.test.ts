// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTestimony, writeTestimony } from "./testimony.ts";

const guest = fc.record({
  serverUid: fc.uuid(),
  token: fc.integer({ min: 1, max: 1_000_000 }),
  uid: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
});

describe("a testimony", () => {
  test("is read as it was written, and says when there was no room for all", () => {
    fc.assert(
      fc.property(fc.array(guest, { maxLength: 300 }), (guests) => {
        const isCut = guests.length > 256;
        expect(readTestimony(writeTestimony(guests))).toEqual({
          guests: guests.slice(0, 256),
          isCut,
        });
      }),
    );
  });

  test("says nothing when any of it cannot be read", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(guest), (noise, guests) => {
        const read = readTestimony(`${writeTestimony(guests)} ${noise}/`);
        expect(read).toBeUndefined();
      }),
    );
  });

  test.each([
    ["a token that has no next one", "5e12e12e/9007199254740993/10001"],
    ["root", "5e12e12e/1/0"],
    ["a user that no pod can have", "5e12e12e/1/2147483648"],
  ])("is not believed when it tells of %s", (_, word) => {
    expect(readTestimony(word)).toBeUndefined();
    expect(readTestimony("5e12e12e/1/10001")?.guests).toHaveLength(1);
  });

  test("that was never given is none", () => {
    expect(readTestimony(undefined)).toBeUndefined();
    expect(readTestimony("")).toEqual({ guests: [], isCut: false });
  });
});
