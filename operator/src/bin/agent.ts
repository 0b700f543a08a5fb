// SPDX-License-Identifier: Apache-2.0
/** The agent: one on each node that runs servers. */
import { join } from "node:path";
import { systemClock } from "../adapters/clock/system-clock.ts";
import { systemRandom } from "../adapters/clock/system-random.ts";
import { createPluginSockets } from "../adapters/grpc/plugin-sockets.ts";
import { lockAgent } from "../adapters/host/agent-lock.ts";
import { systemDevices } from "../adapters/host/devices.ts";
import { createGuestDisks } from "../adapters/host/guest-disks.ts";
import { createGuestFiles } from "../adapters/host/guest-files.ts";
import { createHelper } from "../adapters/host/helper.ts";
import { openImageFiles } from "../adapters/host/image-files.ts";
import { systemMounts } from "../adapters/host/mounts.ts";
import { createNodeFactsReader } from "../adapters/host/node-facts.ts";
import { systemNodeFiles } from "../adapters/host/node-files.ts";
import { createPodNetworks } from "../adapters/host/pod-networks.ts";
import { systemPodRuntime } from "../adapters/host/pod-runtime.ts";
import { createProcesses } from "../adapters/host/processes.ts";
import { readProductVersion } from "../adapters/host/product-version.ts";
import { ReleasedFile } from "../adapters/host/released-file.ts";
import { startHealthServer } from "../adapters/http/health-server.ts";
import { createInClusterStore } from "../adapters/kube/in-cluster.ts";
import { createLibvirtClient } from "../adapters/libvirt/client.ts";
import { type AgentPorts, runAgent } from "../agent/agent.ts";
import { type NodePaths, nodePaths } from "../core/guest/paths.ts";
import { type AgentConfig, agentConfigSchema, readConfig } from "../platform/config.ts";
import { Health } from "../platform/health.ts";
import { createLogger } from "../platform/logging.ts";
import { Metrics } from "../platform/metrics.ts";
import { countWrites } from "../platform/write-counter.ts";

const config = readConfig(agentConfigSchema, process.env);
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => stop.abort());

const log = createLogger({ component: "agent", level: config.logLevel, clock: systemClock });
const metrics = new Metrics();
metrics.collectProcess();
const health = new Health(metrics);
let running: ReturnType<typeof runAgent> | undefined;
health.addReadiness("node", () => (running === undefined ? "not this agent's yet" : undefined));
const server = await startHealthServer({
  host: config.healthHost,
  port: config.healthPort,
  respond: (path) => health.respond(path),
});

const paths = nodePaths();
// Held until the process ends: what the agent does takes for granted that it is the only one here.
await lockAgent(paths.lock, { clock: systemClock, signal: stop.signal, log });
const ports = await openPorts(config, paths);
const version = readProductVersion();
running = runAgent({ ports, config, paths, version, log, metrics, health }, stop.signal);
const outcome = await running;
await server.close();
process.exit(outcome === "stopped" ? 0 : 1);

async function openPorts(from: AgentConfig, within: NodePaths): Promise<AgentPorts> {
  const helper = createHelper({ directory: from.helperDirectory, uid: from.helperUid });
  return {
    kube: countWrites(createInClusterStore(), metrics),
    libvirt: createLibvirtClient(systemClock),
    helper,
    sockets: createPluginSockets(from.kubeletDirectory),
    mounts: systemMounts,
    devices: systemDevices,
    facts: createNodeFactsReader(),
    nodeFiles: systemNodeFiles,
    guestFiles: createGuestFiles(within),
    disks: createGuestDisks(within, helper),
    images: await openImageFiles(within, join(import.meta.dirname, "fetch-image.ts")),
    released: await ReleasedFile.open(within.released),
    runtime: systemPodRuntime,
    networks: createPodNetworks(),
    processes: createProcesses(),
    clock: systemClock,
    random: systemRandom,
  };
}
