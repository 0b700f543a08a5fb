// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { mutants } from "./catalogue.ts";
import { describeFind, hunt } from "./hunt.ts";
import { mutatedSources } from "./mutant.ts";

const perDay = 3;
const dayMs = 24 * 60 * 60 * 1000;

/** Others each day, so that all have their turn; the day is printed with the names. */
function mutantsOfTheDay() {
  const day = Math.floor(Date.now() / dayMs);
  const chosen = Array.from({ length: perDay }, (_, index) => day * perDay + index);
  return chosen.flatMap((position) => mutants[position % mutants.length] ?? []);
}

test.each(mutantsOfTheDay())(
  "the bug $name, planted, is found",
  async (mutant) => {
    const find = await hunt(mutant);
    process.stdout.write(`${describeFind(mutant, find)}\n`);
    expect(find.outcome).toBeDefined();
  },
  600_000,
);

test.each(mutants)("the bug $name can be planted in what the source is now", (mutant) => {
  for (const [path, text] of mutatedSources(mutant))
    expect([path, text.length > 0]).toEqual([path, true]);
});

test("a bug whose place is gone is an error, not a bug that nobody finds", () => {
  const edits = [{ file: "core/guest/plan.ts", find: "no such text", replace: "" }];
  const gone = { name: "gone", breaks: "nothing", edits };
  expect(() => mutatedSources(gone)).toThrow(
    "mutant gone: its text is 0 times in core/guest/plan.ts",
  );
});
