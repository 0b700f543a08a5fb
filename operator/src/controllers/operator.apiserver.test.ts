// SPDX-License-Identifier: Apache-2.0
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChartObject, renderChart } from "../../../hack/chart.ts";
import { type LoneApiServer, startApiServer } from "../../../hack/cluster/apiserver-only.ts";
import { systemClock } from "../adapters/clock/system-clock.ts";
import { systemRandom } from "../adapters/clock/system-random.ts";
import { createInClusterStore } from "../adapters/kube/in-cluster.ts";
import { createKubeconfigStore } from "../testing/kubeconfig.ts";
import { resources } from "../ports/kube.ts";
import { FakeWorkers, heartbeatNamespace } from "../testing/fake-workers.ts";
import { OperatorProcess } from "../testing/operator-process.ts";

const systemNamespace = "kilonova-system";
const secondsMax = 60;
/** Policies would keep the fakes from playing kubelet and agent; they have tests of their own. */
const installed = ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/** The operator with the rights that the chart gives it, beside a real API server. */
describe("the operator before a real API server", () => {
  let server: LoneApiServer;
  let directory: string;
  let workers: FakeWorkers;
  let operator: OperatorProcess;

  beforeAll(async () => {
    server = await startApiServer();
    await install();
    directory = await mkdtemp(join(tmpdir(), "service-account-"));
    const kube = await createKubeconfigStore(server.kubeconfigPath);
    workers = new FakeWorkers({ kube, clock: systemClock });
    await workers.prepare();
    const clocks = { clock: systemClock, random: systemRandom };
    operator = new OperatorProcess({ ...clocks, kube: await operatorStore() });
  });

  afterAll(async () => {
    await operator?.stop();
    await rm(directory, { recursive: true, force: true });
    await server?.close();
  });

  const apply = async (objects: readonly object[]): Promise<void> => {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await server.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(list) });
  };

  async function install(): Promise<void> {
    const chart = await renderChart(systemNamespace, {
      heartbeatNamespace,
      "image.product": "kilonova:test",
      "image.guest": "kilonova-guest:test",
    });
    const isCrd = ({ kind }: ChartObject): boolean => kind === "CustomResourceDefinition";
    await apply(chart.filter(isCrd));
    await server.kubectl(["wait", "--for=condition=Established", "crd", "--all"]);
    for (const name of [systemNamespace, heartbeatNamespace, "team"]) {
      await server.kubectl(["create", "namespace", name]);
    }
    // Nothing makes it here, and no pod is admitted without it.
    await server.kubectl(["create", "serviceaccount", "default", "--namespace", "team"]);
    await apply(chart.filter(({ kind }) => installed.includes(kind)));
  }

  async function operatorStore() {
    const account = ["kilonova-operator", "--namespace", systemNamespace];
    const { stdout } = await server.kubectl(["create", "token", ...account]);
    await writeFile(join(directory, "token"), stdout.trim());
    await copyFile(server.caPath, join(directory, "ca.crt"));
    const { hostname, port } = new URL(server.url);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    return createInClusterStore({ environment, directory });
  }

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + secondsMax * 1000;
    while (!(await holds())) {
      if (performance.now() > deadlineMs) {
        throw new Error(`${what}: not after ${secondsMax} s: ${await workers.describe()}`);
      }
      await workers.work();
      await sleep(100);
    }
  }

  const untilPhase = (phase: string) => until(phase, () => workers.isSettled(phase));

  test("boots, stops, starts and deletes a server, within its rights and the schemas", async () => {
    await workers.createServer();
    await untilPhase("ACTIVE");
    const { status } = (await workers.server()) ?? {};
    expect(status?.run).toMatchObject({ token: 1, state: "Granted" });
    expect(status?.machine).toMatchObject({ type: "pc-q35-10.0" });
    await workers.patchServer({ powerState: "Stopped" });
    await untilPhase("SHUTOFF");
    await workers.patchServer({ powerState: "Running" });
    await untilPhase("ACTIVE");
    expect(await workers.list(resources.podDisruptionBudgets)).toHaveLength(1);
    await workers.deleteServer();
    await until("gone", async () => (await workers.server()) === undefined);
    await until("unguarded", async () => {
      return (await workers.list(resources.podDisruptionBudgets)).length === 0;
    });
    expect(workers.diskCount).toBe(0);
    const events = await workers.list(resources.events);
    expect(events.map(({ reason }) => reason)).toContain("Started");
    expect(operator.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("writes nothing but what something asked for", async () => {
    await workers.createServer();
    await untilPhase("ACTIVE");
    await until("usage is told", async () => {
      const hypervisors = await workers.list(resources.hypervisors);
      return hypervisors.some(({ status }) => status?.usage?.servers === 1);
    });
    const versions = async () => {
      const objects = await Promise.all([
        workers.list(resources.servers),
        workers.list(resources.guests),
        workers.list(resources.hypervisors),
        workers.list(resources.podDisruptionBudgets),
      ]);
      return objects.flat().map(({ metadata }) => metadata.resourceVersion);
    };
    const before = await versions();
    const endMs = performance.now() + 12_000;
    await until("some heartbeats later", async () => performance.now() > endMs);
    expect(await versions()).toEqual(before);
  });
});
