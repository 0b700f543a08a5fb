// SPDX-License-Identifier: Apache-2.0
/** The installed product as the benchmarks use it: the e2e world without the test runner. */
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeconfigStore } from "../../operator/src/testing/kubeconfig.ts";
import { type Guest, kinds, type Server } from "../../operator/src/api/kinds.ts";
import { type KubeStore, resources } from "../../operator/src/ports/kube.ts";
import { prepareWorld } from "../../e2e/framework/prepare.ts";
import { Tenant } from "../../e2e/framework/tenant.ts";
import type { Cluster } from "../cluster/cluster.ts";

const activeSecondsMax = 180;

export interface BenchWorld {
  readonly cluster: Cluster;
  readonly store: KubeStore;
  readonly tenant: Tenant;
  readonly namespace: string;
  readonly release: { readonly product: string; readonly guest: string };
  /** Boots and deletes one server on every node, so that the image is cached everywhere. */
  warm(): Promise<void>;
  /** The Guest of one of the servers that {@link warm} booted. */
  aGuest(): Guest;
  createServer(name: string): Promise<void>;
  /** Resolves with the time in ms (performance.now) at which a watch showed ACTIVE. */
  untilActive(name: string): Promise<number>;
  deleteServer(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openBenchWorld(namespace: string): Promise<BenchWorld> {
  const prepared = await prepareWorld();
  const { cluster, image } = prepared;
  const store = await createKubeconfigStore(cluster.kubeconfigPath);
  const tenant = new Tenant({ cluster, store, image }, namespace);
  await tenant.remove();
  await tenant.prepare();
  const deleteServer = async (name: string): Promise<void> => {
    await tenant.kubectl("delete", "server", "-n", namespace, name, "--timeout=120s");
  };
  let sample: Guest | undefined;
  const warm = async (): Promise<void> => {
    const names = (await cluster.status()).nodes.map((_, index) => `warm-${index}`);
    // As many servers as nodes: the scheduler spreads them.
    for (const name of names) await tenant.createServer(name);
    for (const name of names) await untilActive(store, namespace, name);
    [sample] = await tenant.guestsOf("warm-0");
    for (const name of names) await deleteServer(name);
  };
  return {
    cluster,
    store,
    tenant,
    namespace,
    release: prepared.release,
    warm,
    aGuest: () => {
      if (sample === undefined) throw new Error("warm() comes first");
      return sample;
    },
    createServer: async (name) => {
      // Not by kubectl, whose start would be measured too.
      const manifest = tenant.serverManifest(name);
      const spec = kinds.server.spec.parse(manifest.spec);
      await store.create(resources.servers, { ...manifest, spec }, { fieldManager: "bench" });
    },
    untilActive: (name) => untilActive(store, namespace, name),
    deleteServer,
    close: async () => {
      await tenant.remove();
      await prepared.close();
    },
  };
}

const isActive = (server: Server): boolean => server.status?.phase === "ACTIVE";

async function untilActive(store: KubeStore, namespace: string, name: string): Promise<number> {
  const signal = AbortSignal.timeout(activeSecondsMax * 1000);
  while (!signal.aborted) {
    const list = await store.list(resources.servers, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      consistency: "quorum",
    });
    if (list.items.some(isActive)) return performance.now();
    const options = {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: list.resourceVersion,
      timeoutSeconds: activeSecondsMax,
    };
    for await (const event of store.watch(resources.servers, options, signal)) {
      if ("object" in event && isActive(event.object)) return performance.now();
    }
    await sleep(50);
  }
  throw new Error(`server ${name} was not ACTIVE within ${activeSecondsMax} s`);
}
