// SPDX-License-Identifier: Apache-2.0
/** The operator: stands by until it leads, then brings servers to what is desired of them. */
import { systemClock as clock } from "../adapters/clock/system-clock.ts";
import { systemRandom as random } from "../adapters/clock/system-random.ts";
import { startHealthServer } from "../adapters/http/health-server.ts";
import { createInClusterStore } from "../adapters/kube/in-cluster.ts";
import { operatorConfigSchema } from "../controllers/config.ts";
import { runOperator } from "../controllers/operator.ts";
import { readConfig } from "../platform/config.ts";
import { Health } from "../platform/health.ts";
import { runAsLeader } from "../platform/leader-election.ts";
import { createLogger } from "../platform/logging.ts";
import { Metrics } from "../platform/metrics.ts";
import { countWrites } from "../platform/write-counter.ts";

const leaseName = "kilonova-operator";

const config = readConfig(operatorConfigSchema, process.env);
const log = createLogger({ component: "operator", level: config.logLevel, clock });
const metrics = new Metrics();
metrics.collectProcess();
const health = new Health(metrics);
await startHealthServer({
  host: config.healthHost,
  port: config.healthPort,
  respond: (path) => health.respond(path),
});

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());

const kube = countWrites(createInClusterStore(), metrics);
const context = { kube, clock, random, log, metrics };
// The pod's name begins it, for people; the rest tells a restarted process from the one before.
const identity = `${config.podName}_${random.uuid()}`;
let outcome: "stopped" | "failed" | "lost" = "stopped";
// Over connections of its own: a renewal must not wait behind the requests of a burst.
const candidacy = { ...context, kube: countWrites(createInClusterStore(), metrics) };
const election = await runAsLeader(
  { ...candidacy, namespace: config.namespace, name: leaseName, identity, signal: stop.signal },
  async (signal, prove) => {
    outcome = await runOperator(context, config, { instance: identity, prove }, signal);
  },
);
if (election === "lost") outcome = "lost";
log.info({ outcome }, "operator ends");
// Whatever may still hang must not write any more: another one leads now.
process.exit(outcome === "stopped" ? 0 : 1);
