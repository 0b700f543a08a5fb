// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type VectorFile, verdictsOf } from "./readers.ts";

function judged(name: string): Record<string, string> {
  const text = readFileSync(`${import.meta.dirname}/testdata/${name}.json`, "utf8");
  const verdicts = verdictsOf(JSON.parse(text) as VectorFile) ?? [];
  return Object.fromEntries(verdicts.map(({ name: one, outcome }) => [one, outcome]));
}

describe("a file of vectors", () => {
  test("about candidates is put to the search, and a wrong answer is noticed", () => {
    expect(judged("candidates")).toEqual({
      "two devices and one group": "passed",
      "a recorded answer that is wrong": "failed",
      "a request that was refused": "skipped",
    });
  });

  test("about allocations is put to the ledger", () => {
    expect(judged("allocations")).toEqual({
      "the last unit": "passed",
      "one more than there is": "passed",
    });
  });

  test("about filters is put to ours, with the operators of extra specs", () => {
    expect(judged("filters")).toEqual({
      "a server to stay away from": "passed",
      "a recorded answer that is wrong": "failed",
      "a filter that we do not have": "skipped",
      "an exception": "passed",
      '"4" >= 3': "passed",
    });
  });

  test("about weighers is put to ours, less what cells add", () => {
    expect(judged("weighers")).toEqual({
      "memory, twice": "passed",
      "a recorded answer that is wrong": "failed",
      "cells alone": "skipped",
    });
  });

  test("about NUMA cells is put to the topology and the fit", () => {
    expect(judged("numa")).toEqual({
      "the last dedicated CPU": "passed",
      "a recorded answer that is wrong": "failed",
      "an odd number of CPUs": "passed",
      "more shared CPUs than there are": "skipped",
    });
  });

  test("counts a case that it cannot read as failed, and judges the others", () => {
    const text = readFileSync(`${import.meta.dirname}/testdata/allocations.json`, "utf8");
    const { cases } = JSON.parse(text) as { cases: object[] };
    const broken = { name: "broken", method: "PUT", path: "/allocations/x", expected: {} };
    const verdicts = verdictsOf({ cases: [...cases, broken] }) ?? [];
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(["passed", "passed", "failed"]);
    expect(verdicts[2]).toMatchObject({ why: expect.stringContaining("expected.status") });
  });

  test("of another kind is understood by no reader", () => {
    expect(verdictsOf({ cases: [{ name: "what is this?" }] })).toBeUndefined();
  });
});
