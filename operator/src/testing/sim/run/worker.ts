// SPDX-License-Identifier: Apache-2.0
/** A thread that tells stories: a scenario comes, its outcome goes. */
import { parentPort } from "node:worker_threads";
import { runScenario } from "./run.ts";
import type { Scenario } from "./scenario.ts";

parentPort?.on("message", (scenario: Scenario) => {
  void runScenario(scenario).then((outcome) => parentPort?.postMessage(outcome, []));
});
