// SPDX-License-Identifier: Apache-2.0
import { runScenario } from "./run.ts";
import type { Event, Scenario } from "./scenario.ts";

const triesMax = 120;

/**
 * The least story that still breaks the same invariant, as far as that many tries find it: fewer events
 * first, then fewer replicas of the operator.
 */
export async function shrink(scenario: Scenario, invariant: string): Promise<Scenario> {
  const tries = { left: triesMax };
  const fails = async (candidate: Scenario): Promise<boolean> => {
    tries.left -= 1;
    const { violations } = await runScenario(candidate);
    return violations.some((violation) => violation.invariant === invariant);
  };
  let least = scenario;
  for (let size = Math.ceil(scenario.events.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < least.events.length && tries.left > 0; ) {
      const candidate = { ...least, events: withoutRange(least.events, start, size) };
      if (await fails(candidate)) least = candidate;
      else start += size;
    }
  }
  const alone = { ...least, operators: 1 };
  return least.operators > 1 && (await fails(alone)) ? alone : least;
}

function withoutRange(events: readonly Event[], start: number, size: number): readonly Event[] {
  return [...events.slice(0, start), ...events.slice(start + size)];
}
