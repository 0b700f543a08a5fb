// SPDX-License-Identifier: Apache-2.0
/** `npm run sim -- --seed N`: runs a story of the simulator and prints how it ended. */
import { parseArgs } from "node:util";
import { runSeed } from "../../operator/src/testing/sim/run/run.ts";
import { formatLine } from "../../operator/src/testing/sim/world/trace.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string" },
    nodes: { type: "string" },
    trace: { type: "string", default: "0" },
  },
});

const number = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);
const outcome = await runSeed({
  seed: Number(values.seed),
  minutes: number(values.minutes),
  nodes: number(values.nodes),
  traceLinesMax: Number(values.trace),
});
for (const line of outcome.trace) process.stdout.write(`${formatLine(line)}\n`);
const { hash, steps, violations } = outcome;
process.stdout.write(`${JSON.stringify({ seed: values.seed, hash, steps, violations })}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
