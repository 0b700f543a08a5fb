// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ObjectRef } from "../../ports/kube.ts";
import { aGuest } from "../../testing/builders.ts";
import type { FakePod } from "../../testing/fake-pods.ts";
import { GuestWorld } from "../../testing/guest-world.ts";

const { domain } = aGuest().spec;
const [card] = domain.networks;

let world: GuestWorld;
let ref: ObjectRef;
let pod: FakePod;

beforeEach(() => {
  world = new GuestWorld();
  world.startAgent();
});

afterEach(() => world.killAgent());

async function boot(): Promise<void> {
  ref = await world.create();
  pod = world.startPod(ref);
  await world.untilStatus(ref, { domain: "Running" });
}

test("a guest is connected before it starts, and says how", async () => {
  await boot();
  const { setup, setUps } = world.networks.namespace(pod.podUid);
  expect(setUps).toBe(1);
  expect(setup?.links[0]).toContain(`tap0 mode tap user ${pod.uid}`);
  expect(pod.leases).toBe(`tap0 ${card?.mac} 10.0.2.2/24 10.0.2.1 1450 web\n`);
  expect((await world.status(ref)).networks).toEqual([
    {
      name: "default",
      mac: card?.mac,
      mtu: 1450,
      addresses: ["10.0.2.2"],
      reachedAt: ["10.250.1.7"],
    },
  ]);
});

test("a guest without a card needs nothing of its pod's network", async () => {
  ref = await world.create({ spec: { domain: { ...domain, networks: [] } } });
  pod = world.startPod(ref);
  await world.untilStatus(ref, { domain: "Running" });
  expect(world.networks.namespace(pod.podUid).setUps).toBe(0);
  expect((await world.status(ref)).networks).toEqual([]);
});

test("a new agent connects a running guest anew, and tells nobody that nothing changed", async () => {
  await boot();
  const writes = world.kube.writes.length;
  world.killAgent();
  world.startAgent();
  await world.until(async () => world.networks.namespace(pod.podUid).setUps === 2);
  await world.clock.advance(1000);
  expect(world.kube.writes).toHaveLength(writes);
});

test("a guest's network is looked at every five minutes", async () => {
  await boot();
  await world.clock.advance(290_000);
  expect(world.networks.namespace(pod.podUid).setUps).toBe(1);
  await world.clock.advance(60_000);
  expect(world.networks.namespace(pod.podUid).setUps).toBe(2);
});

test("the next pod has another address, the guest keeps its own", async () => {
  await boot();
  world.networks.address = "10.250.1.8";
  world.pods.remove(pod);
  await world.untilStatus(ref, { domain: "Off" });
  pod = world.startPod(ref);
  await world.edit(ref, { boot: 2 });
  await world.untilStatus(ref, { domain: "Running", boot: 2 });
  expect((await world.status(ref)).networks).toMatchObject([
    { mac: card?.mac, addresses: ["10.0.2.2"], reachedAt: ["10.250.1.8"] },
  ]);
});

test("a running guest keeps its MTU when the network's is another one, and gets that at its next start", async () => {
  await boot();
  const [uplink] = world.networks.namespace(pod.podUid).links;
  Object.assign(uplink ?? {}, { mtu: 1400 });
  await world.clock.advance(310_000);
  expect((await world.status(ref)).networks).toMatchObject([{ mtu: 1450, networkMtu: 1400 }]);
  expect(pod.leases).toContain(" 1450 web");
  world.killAgent();
  world.startAgent();
  await world.until(async () => world.networks.namespace(pod.podUid).setUps === 3);
  expect((await world.status(ref)).networks).toMatchObject([{ mtu: 1450, networkMtu: 1400 }]);
  await world.edit(ref, { runState: "Stopped" });
  await world.untilStatus(ref, { domain: "Off" });
  await world.edit(ref, { runState: "Running", boot: 2 });
  await world.untilStatus(ref, { domain: "Running", boot: 2 });
  const [network] = (await world.status(ref)).networks ?? [];
  expect(network).toMatchObject({ mtu: 1400 });
  expect(network).not.toHaveProperty("networkMtu");
  expect(pod.leases).toContain(" 1400 web");
});

test("a guest's traffic is counted by its server and network, as the guest sees it", async () => {
  await boot();
  const text = await world.metrics.text();
  const labels = `namespace="team",server="web",network="default"`;
  const sent = pod.podUid.length;
  for (const [direction, count] of [
    ["sent", 2 * sent],
    ["received", sent],
  ] as const) {
    const series = `{${labels},direction="${direction}"}`;
    expect(text).toContain(`kilonova_guest_network_bytes_total${series} ${1000 * count}`);
    expect(text).toContain(`kilonova_guest_network_packets_total${series} ${count}`);
  }
});

test("a private address that the pod needs is named, and the guest does not start", async () => {
  world.networks.address = "10.0.2.77";
  ref = await world.create();
  pod = world.startPod(ref);
  await world.until(async () => (await world.status(ref)).error?.reason === "AddressConflict");
  expect((await world.status(ref)).error?.message).toContain("10.0.2.77");
  expect(world.domain(ref)).toBeUndefined();
});
