// SPDX-License-Identifier: Apache-2.0
import { Pool } from "../run/pool.ts";
import type { Outcome } from "../run/run.ts";
import { type Scenario, scenarioOf } from "../run/scenario.ts";
import { type Mutant, mutatedSources } from "./mutant.ts";

/** The stories that find nothing in the product itself. */
export const seedsMax = 300;

/** The story that found a mutant, and how many were told. */
export interface Find {
  readonly outcome: Outcome | undefined;
  readonly stories: number;
}

/** Tells the stories of the fixed seeds until one finds the mutant. Throws when it cannot be planted. */
export async function hunt(mutant: Mutant): Promise<Find> {
  const pool = new Pool(new URL("./worker.ts", import.meta.url), mutatedSources(mutant));
  let found: Outcome | undefined;
  let stories = 0;
  try {
    await pool.runAll(fixedStories(), (outcome) => {
      stories += 1;
      if (outcome.violations.length > 0) found ??= outcome;
      return found !== undefined;
    });
  } finally {
    await pool.close();
  }
  return { outcome: found, stories };
}

function* fixedStories(): Generator<Scenario> {
  for (let seed = 1; seed <= seedsMax; seed += 1) yield scenarioOf({ seed });
}

/** One line about what was found. */
export function describeFind({ name }: Mutant, { outcome, stories }: Find): string {
  const violation = outcome?.violations[0];
  if (outcome === undefined || violation === undefined) {
    return `${name}: NOT FOUND in ${stories} stories`;
  }
  const { invariant, message } = violation;
  return `${name}: seed ${outcome.scenario.seed}, ${invariant}: ${message.split("\n")[0]}`;
}
