// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run -s bench -- NAME [option...]`: measures, mostly on the local cluster, prints a table and, as
 * the last line, one JSON object {bench, figures, ratios}. Nothing here passes or fails.
 */
import { boot } from "./boot.ts";
import { memory } from "./memory.ts";
import { monteCarlo } from "./monte-carlo.ts";
import { net } from "./net.ts";
import { type Report, renderReport } from "./report.ts";
import { scale } from "./scale.ts";
import { scheduler } from "./scheduler.ts";
import { writes } from "./writes.ts";

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<Report>>> = {
  boot,
  memory,
  "monte-carlo": monteCarlo,
  net,
  scale,
  scheduler,
  writes,
};

const [name = "", ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  process.stderr.write(`usage: npm run -s bench -- ${Object.keys(benches).join("|")}\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(renderReport(name, await bench(args)));
}
