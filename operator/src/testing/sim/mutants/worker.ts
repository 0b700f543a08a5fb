// SPDX-License-Identifier: Apache-2.0
/**
 * A thread that tells stories about a mutant: its changed sources take the place of the files when
 * modules are loaded, so that the product's code knows nothing of it.
 */
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { Scenario } from "../run/scenario.ts";

const sources = workerData as ReadonlyMap<string, string>;
const planted = new Set<string>();

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const path = url.startsWith("file:") ? fileURLToPath(url) : "";
    const source = sources.get(path);
    if (source === undefined) return loaded;
    planted.add(path);
    return { ...loaded, source };
  },
});

const { runScenario } = await import("../run/run.ts");
const missing = [...sources.keys()].filter((path) => !planted.has(path));
if (missing.length > 0) throw new Error(`the simulator runs nothing of ${missing.join(", ")}`);

parentPort?.on("message", (scenario: Scenario) => {
  void runScenario(scenario).then((outcome) => parentPort?.postMessage(outcome, []));
});
