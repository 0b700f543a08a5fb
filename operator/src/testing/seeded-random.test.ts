// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { SeededRandom } from "./seeded-random.ts";

describe("seeded chance", () => {
  const draw = (seed: number): (number | string)[] => {
    const random = new SeededRandom(seed);
    return [random.fraction(), random.uuid(), random.fraction(), random.uuid()];
  };

  test("is the same for the same seed, and another for another", () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test("gives version 4 uuids", () => {
    const random = new SeededRandom(1);
    const uuids = Array.from({ length: 100 }, () => random.uuid());
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(new Set(uuids).size).toBe(100);
  });

  test("is spread evenly", () => {
    const random = new SeededRandom(1);
    const counts = [0, 0, 0, 0];
    for (let draws = 0; draws < 4000; draws += 1) {
      const quarter = Math.floor(random.fraction() * 4);
      counts[quarter] = (counts[quarter] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
