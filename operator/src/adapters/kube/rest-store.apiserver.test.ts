// SPDX-License-Identifier: Apache-2.0
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoneApiServer } from "../../../../hack/cluster/apiserver-only.ts";
import { Informer } from "../../platform/informer.ts";
import { Unavailable } from "../../ports/errors.ts";
import { type KubeStore, resources, type ResourceType } from "../../ports/kube.ts";
import { startApiServerWithCrds } from "../../testing/api-server-with-crds.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { describeKubeStoreConformance } from "../../testing/kube-store.conformance.ts";
import { errorOf, hypervisor, image, writer } from "../../testing/kube-store-world.ts";
import { systemClock } from "../clock/system-clock.ts";
import { systemRandom } from "../clock/system-random.ts";
import { createInClusterStore } from "./in-cluster.ts";
import { createKubeconfigStore } from "../../testing/kubeconfig.ts";

const { images, hypervisors } = resources;

describeKubeStoreConformance("real", async () => {
  const server = await startApiServerWithCrds();
  const store = await createKubeconfigStore(server.kubeconfigPath);
  return {
    store,
    async createNamespace(name) {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      await store.create(coreType("namespaces", "Namespace", false), namespace, writer);
      // Nothing makes it here, and no pod is admitted without it.
      const metadata = { namespace: name, name: "default" };
      const account = { apiVersion: "v1", kind: "ServiceAccount", metadata };
      await store.create(coreType("serviceaccounts", "ServiceAccount", true), account, writer);
    },
    elapse: (seconds) => sleep(seconds * 1000),
    forgetHistory: async () => undefined,
    close: () => server.close(),
  };
});

function coreType(plural: string, kind: string, isNamespaced: boolean): ResourceType {
  return { group: "", version: "v1", plural, kind, isNamespaced };
}

describe("a pod's store", () => {
  let server: LoneApiServer;
  /** What the kubelet mounts. */
  let directory: string;
  let store: KubeStore;

  beforeAll(async () => {
    server = await startApiServerWithCrds();
    directory = await mkdtemp(join(tmpdir(), "service-account-"));
    await copyFile(server.caPath, join(directory, "ca.crt"));
    await server.kubectl(["create", "serviceaccount", "operator", "--namespace", "default"]);
    const subject = "--serviceaccount=default:operator";
    await server.kubectl(["create", "clusterrolebinding", "x", "--clusterrole=admin", subject]);
    const rights = ["--verb=*", "--resource=images.kilonova.io,hypervisors.kilonova.io"];
    await server.kubectl(["create", "clusterrole", "own", ...rights]);
    await server.kubectl(["create", "clusterrolebinding", "y", "--clusterrole=own", subject]);
    await writeToken();
    const { hostname, port } = new URL(server.url);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    store = createInClusterStore({ environment, directory });
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
    await server.close();
  });

  async function writeToken(): Promise<void> {
    const { stdout } = await server.kubectl(["create", "token", "operator"]);
    await writeFile(join(directory, "token"), `${stdout.trim()}\n`);
  }

  test("acts as its service account, within its rights", async () => {
    await store.create(hypervisors, hypervisor("node-1"), writer);
    const error = await errorOf(store.list(resources.nodes, { consistency: "quorum" }));
    expect(error).toMatchObject({ name: "Refused", reason: "Forbidden" });
    expect(error).toMatchObject({ message: expect.stringContaining("default:operator") });
  });

  test("reads its token again when it is not accepted any more", async () => {
    const { hostname, port } = new URL(server.url);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    await writeFile(join(directory, "token"), "expired");
    const started = createInClusterStore({ environment, directory });
    const error = await errorOf(started.list(images, { consistency: "quorum" }));
    expect(error).toMatchObject({ name: "Refused", reason: "Unauthorized" });
    await writeToken();
    await started.list(images, { consistency: "quorum" });
  });

  test("does not take a kind that is not installed for an object that is missing", async () => {
    const admin = await createKubeconfigStore(server.kubeconfigPath);
    const ref = { namespace: "default", name: "a" };
    const never: ResourceType = { ...images, plural: "pictures", kind: "Picture" };
    expect(await errorOf(admin.get(never, ref))).toBeInstanceOf(Unavailable);
    await server.kubectl(["delete", "crd", "servers.kilonova.io"]);
    expect(await errorOf(admin.get(resources.servers, ref))).toBeInstanceOf(Unavailable);
    const list = admin.list(resources.servers, { consistency: "quorum" });
    expect(await errorOf(list)).toBeInstanceOf(Unavailable);
  });

  test("lists more than a page, and an informer holds all of it and what changes", async () => {
    const names = Array.from({ length: 620 }, (_, number) => `image-${1000 + number}`);
    await Promise.all(names.map((name) => store.create(images, image("default", name), writer)));
    const { items } = await store.list(images, { namespace: "default", consistency: "quorum" });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(names);

    const informer = new Informer({
      kube: store,
      type: images,
      clock: systemClock,
      random: systemRandom,
      log: new FakeLogger(),
    });
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    await informer.synced(AbortSignal.timeout(10_000));
    expect(informer.list()).toHaveLength(620);
    const first = { namespace: "default", name: "image-1000" };
    await store.delete(images, first);
    const second = { namespace: "default", name: "image-1001" };
    const changed = await store.patch(images, second, { spec: { minDiskGib: 5 } }, writer);
    await expect.poll(() => informer.get("default/image-1001")).toEqual(changed);
    expect(informer.get("default/image-1000")).toBeUndefined();
    stop.abort();
    await running;
  });
});
