// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run -s schedule -- [--explain] [-f FILE]... [--kubeconfig PATH] [--settings FILE] [SERVER]`: asks
 * the scheduler where it would put a server, and claims nothing. The objects come from the files, and
 * beneath them from the cluster, if one is named. SERVER is `namespace/name`; it may be left out where
 * the files have one server alone. Exit code 1: there is no host; 2: it cannot be asked.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { operatorConfigSchema } from "../../operator/src/controllers/config.ts";
import { schedulerSettingsSchema } from "../../operator/src/core/scheduler/settings-schema.ts";
import type { SchedulerSettings } from "../../operator/src/core/scheduler/settings.ts";
import { createKubeconfigStore } from "../../operator/src/testing/kubeconfig.ts";
import { dryRun } from "./dry-run.ts";
import { explain } from "./explanation.ts";
import { keyOf, nothing, type Objects, overlay, readCluster, readManifests } from "./objects.ts";

const options = {
  explain: { type: "boolean" },
  file: { type: "string", short: "f", multiple: true },
  kubeconfig: { type: "string" },
  settings: { type: "string" },
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const { kubeconfig, file: paths = [] } = values;
  const cluster =
    kubeconfig === undefined ? nothing : await readCluster(await createKubeconfigStore(kubeconfig));
  const files = (await Promise.all(paths.map(readManifests))).reduce(overlay, nothing);
  const objects = overlay(cluster, files);
  const server = serverOf(positionals[0], files, objects);
  const settings = await settingsOf(values.settings);
  const run = dryRun(objects, server, { settings, overheadMib });
  if (values.explain === true) process.stdout.write(explain(run));
  else process.stdout.write(`${run.result.ok ? run.result.host : run.result.message}\n`);
  return run.result.ok ? 0 : 1;
}

/** The operator's own default. */
const overheadMib = operatorConfigSchema.shape.serverOverheadMib.parse(undefined);

function serverOf(name: string | undefined, files: Objects, all: Objects) {
  if (name === undefined) {
    const [only, ...more] = files.servers;
    if (only !== undefined && more.length === 0) return only;
    throw new Error(`the files have ${files.servers.length} servers: name one as namespace/name`);
  }
  const key = name.includes("/") ? name : `default/${name}`;
  const server = all.servers.find((one) => keyOf(one) === key);
  if (server !== undefined) return server;
  throw new Error(`there is no server ${key}: give its manifest with -f, or name another one`);
}

async function settingsOf(path: string | undefined): Promise<SchedulerSettings> {
  if (path === undefined) return {};
  return schedulerSettingsSchema.parse(parse(await readFile(path, "utf8")));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`schedule: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
