// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LoneApiServer, startApiServer } from "../../../hack/cluster/apiserver-only.ts";
import { createKubeconfigStore } from "../testing/kubeconfig.ts";
import { systemClock } from "../adapters/clock/system-clock.ts";
import { type KubeStore, resources } from "../ports/kube.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { hypervisor, image } from "../testing/kube-store-world.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { EventRecorder } from "./events.ts";
import { runAsLeader } from "./leader-election.ts";
import { Metrics } from "./metrics.ts";

describe("what the platform writes into a real API server", () => {
  let server: LoneApiServer;
  let kube: KubeStore;
  beforeAll(async () => {
    server = await startApiServer();
    kube = await createKubeconfigStore(server.kubeconfigPath);
  });
  afterAll(() => server.close());

  test("are Events with a count, of namespaced and of cluster-scoped objects", async () => {
    const clock = new FakeClock();
    const recorder = new EventRecorder({
      kube,
      source: { controller: "kilonova.io/operator", instance: "operator-1" },
      clock,
      random: new SeededRandom(1),
      log: new FakeLogger(),
      metrics: new Metrics(),
    });
    const text = { type: "Normal", reason: "Scheduled", action: "Schedule" } as const;
    const named = image("default", "a".repeat(253), { uid: "uid-a" });
    recorder.event(named, { ...text, note: "ä".repeat(1000) });
    recorder.event(hypervisor("node-1"), { ...text, note: "First." });
    await recorder.drained();
    recorder.event(hypervisor("node-1"), { ...text, note: "First." });
    await clock.advance(30_000);
    await recorder.drained();
    const { items } = await kube.list(resources.events, { consistency: "quorum" });
    const ours = items.filter(({ reason }) => reason === "Scheduled");
    expect(ours).toHaveLength(2);
    expect(ours.find(({ regarding }) => regarding["name"] === "node-1")).toMatchObject({
      note: "First.",
      series: { count: 2, lastObservedTime: "2026-01-01T00:00:30.000000Z" },
    });
  });

  test("are Leases that are taken, renewed, given back and taken again", async () => {
    const stops = [new AbortController(), new AbortController()];
    const terms: string[] = [];
    const lead = (index: number): Promise<string> =>
      runAsLeader(
        {
          kube,
          namespace: "default",
          name: "operator",
          identity: `operator-${index}`,
          clock: systemClock,
          random: new SeededRandom(index),
          log: new FakeLogger(),
          signal: stops[index]?.signal ?? AbortSignal.abort(),
        },
        async (signal) => {
          terms.push(`operator-${index}`);
          await new Promise((resolve) => {
            signal.addEventListener("abort", resolve, { once: true });
          });
        },
      );
    const first = lead(0);
    await expect.poll(() => terms, { timeout: 10_000 }).toEqual(["operator-0"]);
    const second = lead(1);
    await systemClock.sleep(3_500);
    const ref = { namespace: "default", name: "operator" };
    const { spec } = await kube.get(resources.leases, ref);
    expect(spec?.renewTime).not.toBe(spec?.acquireTime);
    stops[0]?.abort();
    expect(await first).toBe("stopped");
    await expect.poll(() => terms, { timeout: 4_000 }).toEqual(["operator-0", "operator-1"]);
    expect((await kube.get(resources.leases, ref)).spec?.leaseTransitions).toBe(1);
    stops[1]?.abort();
    expect(await second).toBe("stopped");
    expect((await kube.get(resources.leases, ref)).spec).not.toHaveProperty("holderIdentity");
  });
});
