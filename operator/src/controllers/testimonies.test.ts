// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test, vi } from "vitest";
import { annotation } from "../api/names.ts";
import type { Hypervisor, Server } from "../api/kinds.ts";
import { Informer } from "../platform/informer.ts";
import { type Lease, type ResourceObject, type ResourceType, resources } from "../ports/kube.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { Testimonies } from "./testimonies.ts";

const writer = { fieldManager: "agent" };
let clock: FakeClock;
let kube: FakeKube;
let server: Server;
let testimonies: Testimonies;
/** How often all hosts were looked at. */
let looks: () => number;

beforeEach(async () => {
  clock = new FakeClock();
  kube = new FakeKube({ clock, random: new SeededRandom(1) });
  await beat("node-1", "");
  server = await createServer("old");
  testimonies = await lead();
});

function informerOf<T extends ResourceObject>(type: ResourceType<T>): Informer<T> {
  const log = new FakeLogger();
  return new Informer({ kube, type, clock, random: new SeededRandom(2), log });
}

async function lead(): Promise<Testimonies> {
  const heartbeats: Informer<Lease> = informerOf(resources.leases);
  const hypervisors: Informer<Hypervisor> = informerOf(resources.hypervisors);
  const servers: Informer<Server> = informerOf(resources.servers);
  const list = vi.spyOn(hypervisors, "list");
  looks = () => list.mock.calls.length;
  const made = new Testimonies({ heartbeats, hypervisors, servers }, clock);
  const { signal } = new AbortController();
  for (const informer of [heartbeats, hypervisors, servers]) void informer.run(signal);
  await clock.advance(0);
  made.begin();
  return made;
}

async function beat(name: string, said: string | undefined): Promise<void> {
  const annotations = {
    other: "kept",
    ...(said !== undefined && { [annotation.forgotten]: said }),
  };
  const metadata = { namespace: "heartbeats", name, annotations };
  const identity = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
  const spec = { renewTime: `2026-01-01T00:00:${10 + clock.monotonicMs() / 1000}.000000Z` };
  await kube.apply(resources.leases, { ...identity, metadata, spec }, writer);
  await clock.advance(1000);
}

function createServer(name: string): Promise<Server> {
  const spec = { flavor: "m1.small", image: { name: "cirros" }, powerState: "Running" } as const;
  const object = { apiVersion: "kilonova.io/v1alpha1", kind: "Server" };
  return kube.create(
    resources.servers,
    { ...object, metadata: { namespace: "team", name }, spec } as Server,
    writer,
  );
}

const recall = () => testimonies.recall(server.metadata.uid ?? "");

describe("what hosts testify", () => {
  test("does not count as it was when the leader began: it may be of the backup", async () => {
    expect(recall().silentHosts).toEqual(["node-1"]);
    await beat("node-1", "");
    expect(recall().silentHosts).toEqual([]);
  });

  test("counts from a Lease that was made since", async () => {
    await beat("node-1", "");
    await beat("node-2", undefined);
    expect(recall().silentHosts).toEqual(["node-2"]);
    await beat("node-2", "");
    expect(recall().silentHosts).toEqual([]);
  });

  test("is taken back when an agent that was started anew does not know yet", async () => {
    await beat("node-1", "");
    await beat("node-1", undefined);
    expect(recall().silentHosts).toEqual(["node-1"]);
  });

  test("names the guest, its host and its user", async () => {
    await beat("node-1", `${server.metadata.uid}/4/10007`);
    expect(recall().guest).toMatchObject({ host: "node-1", token: 4, uid: 10_007 });
    expect([testimonies.hasUser(10_007), testimonies.hasUser(10_008)]).toEqual([true, false]);
  });

  test("is not waited for by servers that were made since the leader began", async () => {
    const young = await createServer("young");
    expect(testimonies.recall(young.metadata.uid ?? "").silentHosts).toEqual([]);
  });

  test("is not put together for each server and each beat anew", async () => {
    await beat("node-1", "");
    for (let count = 0; count < 3; count += 1) {
      expect(recall().silentHosts).toEqual([]);
      await beat("node-1", "");
    }
    expect(looks()).toBe(1);
  });

  test("follows hosts that go up and down", async () => {
    const spec = { isDisabled: false, virtType: "auto" };
    const object = { apiVersion: "kilonova.io/v1alpha1", kind: "Hypervisor" };
    const identity = { ...object, metadata: { name: "node-9" } };
    await kube.apply(resources.hypervisors, { ...identity, spec }, writer);
    await clock.advance(61_000);
    expect(recall().silentHosts).toEqual([]);
    const asStatus = { ...writer, subresource: "status" } as const;
    await kube.apply(resources.hypervisors, { ...identity, status: { state: "up" } }, asStatus);
    await clock.advance(1000);
    expect(recall().silentHosts).toEqual(["node-9"]);
  });
});
