// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scenario } from "./scenario.ts";

/** Stories that failed once, shrunk. Each is told in every test run. */
const directory = join(import.meta.dirname, "../regressions");

export interface Regression {
  readonly file: string;
  readonly scenario: Scenario;
}

export function regressions(): Regression[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => ({ file: name, scenario: readScenario(join(directory, name)) }));
}

/** Throws when the file holds no story. */
export function readScenario(path: string): Scenario {
  const scenario = JSON.parse(readFileSync(path, "utf8")) as Partial<Scenario>;
  if (typeof scenario.seed !== "number" || !Array.isArray(scenario.events)) {
    throw new Error(`${path}: holds no story: a seed and a list of events are missing`);
  }
  return scenario as Scenario;
}

/** Keeps a story as a regression; returns the path of its file. */
export function keepScenario(scenario: Scenario, name: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(scenario, undefined, 2)}\n`);
  return path;
}
