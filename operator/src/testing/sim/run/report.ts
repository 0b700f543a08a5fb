// SPDX-License-Identifier: Apache-2.0
import { formatLine, type TraceLine } from "../world/trace.ts";
import { type Outcome, runScenario } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";

/** How much of a trace is kept to be read. */
const traceLinesMax = 20_000;
const linesShownMax = 120;
/** What every second holds dozens of, and which says little of what went wrong. */
const tedious = /^(get|list|watch) | (Lease|Event) |^(starts|dies)$/;

/** A story that failed, as small as it could be made, and its trace to be read. */
export interface Failure {
  readonly scenario: Scenario;
  readonly text: string;
}

/** Shrinks a story that failed, and describes it; `replay` is how it is told again. */
export async function explain(
  outcome: Outcome,
  replay: (scenario: Scenario) => string,
): Promise<Failure | undefined> {
  const [violation] = outcome.violations;
  if (violation === undefined) return undefined;
  const scenario = await shrink(outcome.scenario, violation.invariant);
  const again = await runScenario(scenario, { traceLinesMax });
  const said = again.violations[0] ?? violation;
  const { nodes, operators, events } = scenario;
  return {
    scenario,
    text: [
      `seed ${scenario.seed}: ${said.invariant} does not hold after ${said.atMs / 1000} s:`,
      `  ${said.message}`,
      `shrunk from ${outcome.scenario.events.length} to ${events.length} events; ${nodes} nodes, ${operators} operators`,
      ...readable(again.trace).map(formatLine),
      `again: ${replay(scenario)}`,
      "",
    ].join("\n"),
  };
}

/** The last of what was asked, what died and what each actor saw. */
function readable(trace: readonly TraceLine[]): readonly TraceLine[] {
  return trace.filter(({ what }) => !tedious.test(what)).slice(-linesShownMax);
}
