// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { resources } from "../ports/kube.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { hypervisor, writer } from "../testing/kube-store-world.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { Metrics } from "./metrics.ts";
import { countWrites } from "./write-counter.ts";

const { hypervisors } = resources;

describe("a store that counts", () => {
  const metrics = new Metrics();
  const kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
  const store = countWrites(kube, metrics);

  test("counts every write by kind, verb and outcome, and no read", async () => {
    const made = await store.create(hypervisors, hypervisor("a"), writer);
    const spec = { ...made.spec, isDisabled: true };
    const changed = await store.update(hypervisors, { ...made, spec }, writer);
    await expect(store.update(hypervisors, made, writer)).rejects.toThrow("modified");
    await store.updateStatus(hypervisors, { ...changed, status: { state: "up" } }, writer);
    const { apiVersion, kind } = made;
    await store.apply(hypervisors, { apiVersion, kind, metadata: { name: "a" } }, writer);
    await store.patch(hypervisors, made.metadata, { spec: { isDisabled: false } }, writer);
    await store.get(hypervisors, made.metadata);
    await store.list(hypervisors, { consistency: "quorum" });
    await store.delete(hypervisors, made.metadata);
    const counts = (await metrics.text()).match(/(?<=api_writes_total\{)[^\n]+/g);
    expect(counts).toEqual([
      'kind="Hypervisor",verb="create",outcome="ok"} 1',
      'kind="Hypervisor",verb="update",outcome="ok"} 1',
      'kind="Hypervisor",verb="update",outcome="Conflict"} 1',
      'kind="Hypervisor",verb="updateStatus",outcome="ok"} 1',
      'kind="Hypervisor",verb="apply",outcome="ok"} 1',
      'kind="Hypervisor",verb="patch",outcome="ok"} 1',
      'kind="Hypervisor",verb="delete",outcome="ok"} 1',
    ]);
  });
});
