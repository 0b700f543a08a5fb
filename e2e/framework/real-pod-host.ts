// SPDX-License-Identifier: Apache-2.0
/** A node of the cluster as the conformance suite of pods asks for it, and the hands on it. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serveOnSocket } from "../../operator/src/adapters/grpc/socket-server.ts";
import { createPluginSockets } from "../../operator/src/adapters/grpc/plugin-sockets.ts";
import {
  addRegistration,
  addVolumeServices,
} from "../../operator/src/adapters/grpc/volume-services.ts";
import type { DeviceResource, PluginServer } from "../../operator/src/ports/plugin-sockets.ts";
import { JournalledVolumes } from "../../operator/src/testing/pods/journalled-volumes.ts";
import { type PodHost, volumeDriver } from "../../operator/src/testing/pods/pod-world.ts";
import type { Cluster } from "../../hack/cluster/cluster.ts";
import { findProcesses, type Process } from "./processes.ts";
import type { World } from "./world.ts";

const kubelet = "/var/lib/kubelet";
const node = "node-3";

/** What a pod's process does: PID 1 hears only what it has a handler for. */
const script = `
const { endsWithinMs } = JSON.parse(process.argv[1]);
if (endsWithinMs !== undefined) {
  process.on("SIGTERM", () => setTimeout(() => process.exit(0), endsWithinMs));
}
process.on("SIGHUP", () => process.exit(0));
process.on("SIGUSR2", () => process.exit(1));
process.on("SIGWINCH", () => require("node:fs").writeFileSync("/tmp/full", Buffer.alloc(2 ** 25)));
setInterval(() => {}, 2 ** 30);
`;
const handled = "SIGWINCH";
/** The bit of {@link handled}, for which the script sets its last handler, in a mask of signals. */
const handledBit = 1n << 27n;

export async function makeRealPodHost(world: World, image: string): Promise<PodHost> {
  const { cluster, store } = world;
  const machine = cluster.node(node);
  const directory = await machine.hostPath(kubelet);
  const here = (path: string): string => directory + path.slice(kubelet.length);
  const volumes = new JournalledVolumes({
    make: async (path) => void (await mkdir(here(path), { recursive: true })),
    remove: (path) => rm(here(path), { recursive: true, force: true }),
  });
  await cluster.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(csiDriver) });
  const servers = await serveVolumes(volumes, directory);
  const sockets = createPluginSockets(directory);
  return {
    store,
    node,
    volumes,
    elapse: (seconds) => sleep(seconds * 1000),
    createNamespace: async (name) => {
      await removeNamespace(cluster, name);
      await cluster.kubectl(["create", "namespace", name]);
    },
    container: (id, behaviour) => ({
      image,
      imagePullPolicy: "IfNotPresent",
      command: ["node", "-e", script, JSON.stringify(behaviour), markOf(id)],
    }),
    isRunning: async (id) => (await processOf(id)) !== undefined,
    end: (id, how) => signal(id, how === "well" ? "SIGHUP" : "SIGUSR2"),
    fill: (id) => signal(id, handled),
    stopKubelet: () => machine.stopDaemons(),
    startKubelet: () => machine.startDaemons(),
    cutPower: () => machine.powerCut(),
    powerOn: () => machine.start(),
    serveDevices: async (resource: DeviceResource) => {
      const server = await sockets.serveDevices(resource);
      await sockets.registerDevices(resource);
      return () => server.close();
    },
    close: async () => {
      await removeNamespace(cluster, "pods-conformance");
      await cluster.kubectl(["delete", "csidriver", volumeDriver, "--ignore-not-found"]);
      for (const server of servers) await server.close();
    },
  };
}

const csiDriver = {
  apiVersion: "storage.k8s.io/v1",
  kind: "CSIDriver",
  metadata: { name: volumeDriver },
  spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ["Ephemeral"] },
};

/** As the product's sockets, but that the kubelet finds them by another path than this machine. */
async function serveVolumes(
  volumes: JournalledVolumes,
  directory: string,
): Promise<readonly PluginServer[]> {
  const driver = volumes.asDriver(node, volumeDriver);
  const socket = join("plugins", volumeDriver, "csi.sock");
  const registry = join(directory, "plugins_registry", `${volumeDriver}-reg.sock`);
  const services = await serveOnSocket(join(directory, socket), (server) =>
    addVolumeServices(server, driver),
  );
  const registration = await serveOnSocket(registry, (server) =>
    addRegistration(server, driver, join(kubelet, socket)),
  );
  return [registration, services];
}

async function removeNamespace(cluster: Cluster, name: string): Promise<void> {
  await cluster.kubectl(["delete", "namespace", name, "--ignore-not-found", "--timeout=90s"]);
}

function markOf(id: string): string {
  return `conformance:${id}`;
}

async function processOf(id: string): Promise<Process | undefined> {
  const [found] = findProcesses((command) => command[0] === "node" && command.includes(markOf(id)));
  if (found === undefined) return undefined;
  try {
    const status = await readFile(`/proc/${found.pid}/status`, "utf8");
    const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? "0"}`);
    return (caught & handledBit) === 0n ? undefined : found;
  } catch {
    return undefined; // It ended while we looked.
  }
}

async function signal(id: string, name: NodeJS.Signals): Promise<void> {
  const found = await processOf(id);
  if (found === undefined) throw new Error(`no process of ${id}`);
  process.kill(found.pid, name);
}
