// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run cluster`: a Kubernetes cluster on this machine, for development and tests.
 *
 * Where a Docker engine answers, the cluster is kind's. Elsewhere it is made of Linux namespaces: the
 * control plane runs on the host, and each node is a machine of its own mount, process, network, uts,
 * ipc and cgroup namespaces with containerd, kubelet and kube-proxy in it. The programs are built from
 * pinned Go modules; the first build takes minutes, later ones come from the cache. Multus attaches pods
 * to further networks: the bridge `guests0` of every node leads to one wire that joins them. Nodes, pods
 * and Services have IPv4 and IPv6, whatever the machine's own network has. On kind the user installs
 * Multus; suites of such networks fail there without it.
 *
 * Every part can be broken as it breaks in real life: power cut, network partition, dead daemons, dead
 * API server. `up` mends all of it. It may be called at any time, also after an earlier run was killed
 * half-way, since what exists is asked of the kernel and never of a record. Logs are in the state
 * directory, `/var/tmp/kilonova-cluster` or `KILONOVA_CLUSTER_DIR`.
 */
import { runAttached } from "../exec.ts";
import { stepTable } from "../steps.ts";
import { openCluster } from "./cluster.ts";
import type { Cluster, ClusterNode } from "./cluster.ts";
import { parseCommandLine, usage, UsageError } from "./command-line.ts";
import type { Command, NodeAction } from "./command-line.ts";

const nodeActions: Readonly<Record<NodeAction, (node: ClusterNode) => Promise<void>>> = {
  "power-cut": (node) => node.powerCut(),
  start: (node) => node.start(),
  stop: (node) => node.stopDaemons(),
  resume: (node) => node.startDaemons(),
  partition: (node) => node.partition(),
  heal: (node) => node.heal(),
};

/** Does what was asked for and returns the exit code. */
async function execute(cluster: Cluster, command: Command): Promise<number> {
  switch (command.verb) {
    case "up":
      await cluster.up(command.nodeCount);
      process.stderr.write(`${stepTable()}\n`);
      process.stdout.write(`export KUBECONFIG=${cluster.kubeconfigPath}\n`);
      return 0;
    case "down":
      await cluster.down();
      return 0;
    case "status":
      return printStatus(cluster);
    case "kubeconfig":
      process.stdout.write(`${cluster.kubeconfigPath}\n`);
      return 0;
    case "node":
      await nodeActions[command.action](cluster.node(command.node));
      return 0;
    case "apiserver":
      await (command.action === "stop" ? cluster.apiServer.kill() : cluster.apiServer.start());
      return 0;
    case "load":
      await cluster.loadImage(command.archive);
      return 0;
    case "exec":
      return attach(await cluster.node(command.node).terminalCommand(command.argv));
    case "kubectl":
    case "helm": {
      const { path, env } = await cluster.client(command.verb);
      return runAttached(path, command.argv, { env });
    }
  }
}

async function printStatus(cluster: Cluster): Promise<number> {
  const { apiServer, nodes } = await cluster.status();
  const rows = [["api server", apiServer], ...nodes.map((node) => [node.name, node.state])];
  for (const [name = "", state = ""] of rows) process.stdout.write(`${name.padEnd(12)}${state}\n`);
  const isWhole = apiServer === "running" && nodes.every((node) => node.state === "running");
  return isWhole ? 0 : 1;
}

function attach([program = "", ...args]: readonly string[]): Promise<number> {
  return runAttached(program, args);
}

try {
  const command = parseCommandLine(process.argv.slice(2));
  process.exitCode = await execute(await openCluster(), command);
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (isUsage) process.stderr.write(usage);
  process.exitCode = isUsage ? 2 : 1;
}
