// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { runSeed } from "./run.ts";
import { scenarioOf } from "./scenario.ts";

describe("a story", () => {
  test("is the same, byte for byte, each time that it is told", async () => {
    const [one, other] = [await runSeed({ seed: 25 }), await runSeed({ seed: 25 })];
    expect(one.violations).toEqual([]);
    expect(one.faults).toBeGreaterThan(0);
    expect(other.hash).toBe(one.hash);
    expect((await runSeed({ seed: 26 })).hash).not.toBe(one.hash);
  }, 60_000);

  test("is as large as it was asked for", () => {
    const scenario = scenarioOf({ seed: 7, nodes: 9, minutes: 2 });
    expect(scenario).toMatchObject({ nodes: 9, minutes: 2 });
    expect(Math.max(...scenario.events.map(({ atMs }) => atMs))).toBeLessThan(120_000);
  });
});
