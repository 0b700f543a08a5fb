// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startApiServer } from "../../../../hack/cluster/apiserver-only.ts";
import { describeKubeStoreConformance } from "../../testing/kube-store.conformance.ts";
import { createKubeconfigStore } from "./kubeconfig.ts";

const crds = join(import.meta.dirname, "../../../../crds");

describeKubeStoreConformance("real", async () => {
  const server = await startApiServer();
  await server.kubectl(["apply", "--filename", crds]);
  await server.kubectl(["wait", "--for=condition=Established", "crd", "--all"]);
  return {
    store: await createKubeconfigStore(server.kubeconfigPath),
    async createNamespace(name) {
      await server.kubectl(["create", "namespace", name]);
      // Nothing makes it here, and no pod is admitted without it.
      await server.kubectl(["create", "serviceaccount", "default", "--namespace", name]);
    },
    elapse: (seconds) => sleep(seconds * 1000),
    forgetHistory: async () => undefined,
    close: () => server.close(),
  };
});
