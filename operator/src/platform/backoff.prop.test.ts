// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const bounds = { firstMs: 50, maxMs: 60_000 };
const at = (fraction: number) => ({ fraction: () => fraction, uuid: () => "" });

describe("the wait after a failure", () => {
  test("lies in the upper half of a ceiling that doubles up to its bound", () => {
    const ceilings = [1, 2, 3, 11, 12, 2000].map((failures) => backoffMs(failures, bounds, at(1)));
    expect(ceilings).toEqual([50, 100, 200, 51_200, 60_000, 60_000]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (failures, fraction) => {
          const ms = backoffMs(failures, bounds, at(fraction));
          const ceilingMs = backoffMs(failures, bounds, at(1));
          expect(ms).toBeGreaterThanOrEqual(ceilingMs / 2);
          expect(ms).toBeLessThan(ceilingMs);
        },
      ),
    );
  });
});
