// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run sim -- --seed N [--minutes M] [--nodes K]` tells one story, `--replay FILE` one that was kept,
 * `--seeds N` the first N, `--soak` new ones until it is stopped: docs/howto/simulate.md.
 */
import { relative } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { Pool } from "../../operator/src/testing/sim/run/pool.ts";
import { keepScenario, readScenario } from "../../operator/src/testing/sim/run/regressions.ts";
import { explain } from "../../operator/src/testing/sim/run/report.ts";
import { type Outcome, runScenario } from "../../operator/src/testing/sim/run/run.ts";
import { type Scenario, scenarioOf } from "../../operator/src/testing/sim/run/scenario.ts";
import { Tally } from "../../operator/src/testing/sim/run/tally.ts";
import { formatLine } from "../../operator/src/testing/sim/world/trace.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    minutes: { type: "string" },
    nodes: { type: "string" },
    without: { type: "string" },
    replay: { type: "string" },
    soak: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});
const traceLinesMax = values.trace ? 1_000_000 : 0;
const seedsMax = 2 ** 31;
const { without } = values;
const size = { minutes: numberOf("minutes"), nodes: numberOf("nodes"), without };

function numberOf(name: "seed" | "seeds" | "minutes" | "nodes"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text) && Number(text) <= seedsMax) return Number(text);
  throw new Error(`--${name} ${text}: give a whole number from 0 to ${seedsMax}`);
}

/** Says how a story ended; a failure is shrunk and kept as a regression. Returns whether it failed. */
async function conclude(outcome: Outcome, isKept: boolean): Promise<boolean> {
  const failure = await explain(outcome, (scenario) => {
    const path = isKept && keepScenario(scenario, `seed-${scenario.seed}`);
    return path ? `npm run sim -- --replay ${relative(".", path)}` : replayOf(scenario);
  });
  if (failure !== undefined) process.stdout.write(failure.text);
  return failure !== undefined;
}

function replayOf({ seed, minutes, nodes }: Scenario): string {
  return `npm run sim -- --seed ${seed} --minutes ${minutes} --nodes ${nodes}`;
}

async function one(scenario: Scenario): Promise<number> {
  const outcome = await runScenario(scenario, { traceLinesMax });
  for (const line of outcome.trace) process.stdout.write(`${formatLine(line)}\n`);
  const { hash, steps, violations, faults } = outcome;
  process.stdout.write(
    `seed ${scenario.seed}: ${violations.length === 0 ? "holds" : "FAILS"}, ${steps} steps, ${faults} faults, trace ${hash}\n`,
  );
  return (await conclude(outcome, false)) ? 1 : 0;
}

async function many(scenarios: Iterable<Scenario>, isKept: boolean): Promise<number> {
  const pool = new Pool();
  const tally = new Tally(() => performance.now());
  let isStopped = false;
  let failures = 0;
  process.once("SIGINT", () => {
    isStopped = true;
  });
  await pool.runAll(scenarios, async (outcome) => {
    tally.add(outcome);
    if (await conclude(outcome, isKept)) failures += 1;
    return isStopped;
  });
  await pool.close();
  process.stdout.write(`${tally.describe()}\n`);
  return failures === 0 ? 0 : 1;
}

function* storiesFrom(first: number, count: number): Generator<Scenario> {
  for (let seed = first; seed < first + count; seed += 1) yield scenarioOf({ seed, ...size });
}

function main(): Promise<number> {
  if (values.replay !== undefined) return one(readScenario(values.replay));
  if (values.soak) {
    const first = numberOf("seed") ?? Math.floor(Math.random() * seedsMax);
    process.stdout.write(`stories from seed ${first} on; Ctrl-C ends them\n`);
    return many(storiesFrom(first, Number.POSITIVE_INFINITY), true);
  }
  const seeds = numberOf("seeds");
  if (seeds !== undefined) return many(storiesFrom(numberOf("seed") ?? 1, seeds), false);
  return one(scenarioOf({ seed: numberOf("seed") ?? 1, ...size }));
}

process.exitCode = await main();
