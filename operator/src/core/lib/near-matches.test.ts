// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { didYouMean, nearMatches } from "./near-matches.ts";

describe("near matches", () => {
  const keys = ["hw:cpu_policy", "hw:cpu_thread_policy", "hw:mem_page_size", "hw_rng:allowed"];

  test("are the candidates a few letters away, the nearest first", () => {
    expect(nearMatches("hw:cpu_polcy", keys)).toEqual(["hw:cpu_policy"]);
    expect(nearMatches("ab", ["abcd", "abc", "b"])).toEqual(["abc", "abcd"]);
  });

  test("are none when nothing is alike", () => {
    expect(nearMatches("quota:disk", keys)).toEqual([]);
    expect(didYouMean("quota:disk", keys)).toBe("");
  });

  test("are offered as a question", () => {
    expect(didYouMean("hw_rng:alowed", keys)).toBe("; did you mean hw_rng:allowed?");
  });
});
