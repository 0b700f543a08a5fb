// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Pool } from "./run/pool.ts";
import { regressions } from "./run/regressions.ts";
import { explain } from "./run/report.ts";
import { type Outcome, runScenario, runSeed } from "./run/run.ts";
import { scenarioOf } from "./run/scenario.ts";
import { Tally } from "./run/tally.ts";

const fixedSeeds = 300;
const batchSeeds = 50;
const randomSeeds = 5;
const batches = Array.from({ length: fixedSeeds / batchSeeds }, (_, index) => ({
  first: index * batchSeeds + 1,
  last: (index + 1) * batchSeeds,
}));
const timeout = 600_000;

let pool: Pool;
let tally: Tally;
beforeAll(() => {
  pool = new Pool();
  tally = new Tally(() => performance.now());
});
afterAll(async () => {
  await pool.close();
  process.stdout.write(`${tally.describe()}\n`);
});

/** Tells all stories; the first that failed is what is thrown, shrunk and described. */
async function expectAllHold(seeds: readonly number[]): Promise<void> {
  const scenarios = seeds.map((seed) => scenarioOf({ seed }));
  const failed: Outcome[] = [];
  await pool.runAll(scenarios, (outcome) => {
    tally.add(outcome);
    if (outcome.violations.length > 0) failed.push(outcome);
    return failed.length > 0;
  });
  const [first] = failed;
  if (first === undefined) return;
  const failure = await explain(first, ({ seed, minutes, nodes }) => {
    return `npm run sim -- --seed ${seed} --minutes ${minutes} --nodes ${nodes}`;
  });
  expect.fail(failure?.text);
}

describe("every invariant holds", () => {
  test.each(batches)(
    "in the stories of seeds $first to $last",
    async ({ first }) => {
      const seeds = Array.from({ length: batchSeeds }, (_, index) => first + index);
      await expectAllHold(seeds);
    },
    timeout,
  );

  test(
    "in stories that nobody has heard before",
    async () => {
      const first = Math.floor(Math.random() * 2 ** 30);
      process.stdout.write(`random seeds: ${first} to ${first + randomSeeds - 1}\n`);
      const seeds = Array.from({ length: randomSeeds }, (_, index) => first + index);
      await expectAllHold(seeds);
    },
    timeout,
  );

  test.each(regressions())("in the story $file, which failed once", async ({ scenario }) => {
    expect((await runScenario(scenario)).violations).toEqual([]);
  });
});

test(
  "a story is the same in another process",
  async () => {
    const { hash } = await runSeed({ seed: 7 });
    const program = join(import.meta.dirname, "../../../../hack/sim/main.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [program, "--seed", "7"]);
    expect(stdout).toContain(`trace ${hash}`);
  },
  timeout,
);
