// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodePaths } from "../../core/guest/paths.ts";
import type { NodeFacts } from "../../core/hypervisor/facts.ts";
import { Informer } from "../../platform/informer.ts";
import { Metrics } from "../../platform/metrics.ts";
import { type Node, type Pod, resources } from "../../ports/kube.ts";
import { aHypervisor, someNodeFacts } from "../../testing/builders.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeDevices } from "../../testing/fake-devices.ts";
import { FakeHelper } from "../../testing/fake-helper.ts";
import { FakeKube } from "../../testing/fake-kube.ts";
import { FakeLibvirt } from "../../testing/fake-libvirt.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { FakeNodeFiles } from "../../testing/fake-node-files.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { GuestSoftwareReader } from "./guest-software.ts";
import { HostBoard } from "./host-board.ts";
import { Reporter } from "./reporter.ts";
import { VirtProbe } from "./virt-probe.ts";

const uuid = "6b1cbd6d-3f0a-4a5e-9c0e-2c1a7d1f0b11";
const by = { fieldManager: "test" };
const domainCapabilities = `<domainCapabilities>
  <os supported='yes'><enum name='firmware'><value>efi</value></enum></os>
  <devices><disk supported='yes'><enum name='bus'><value>virtio</value></enum></disk></devices>
</domainCapabilities>`;

/** A node with its API server and one agent's reporter. */
class World {
  readonly clock = new FakeClock();
  readonly random = new SeededRandom(1);
  readonly kube = new FakeKube({ clock: this.clock, random: this.random });
  readonly log = new FakeLogger();
  readonly board = new HostBoard("boot-1");
  readonly helper = new FakeHelper(async (argv) => ({
    exitCode: 0,
    stdout: argv[0] === "cat" ? '{"version":"0.1.0","content":"abc"}' : "",
    stderr: "",
  }));
  facts: NodeFacts = someNodeFacts();
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor() {
    const { kube, clock, random, log, helper, board } = this;
    const metrics = new Metrics();
    const libvirt = new FakeLibvirt();
    libvirt.daemon(helper.libvirtSocket).domainCapabilities = domainCapabilities;
    const common = { kube, clock, random, log, metrics };
    const informers = {
      hypervisors: new Informer({ ...common, type: resources.hypervisors }),
      nodes: new Informer({ ...common, type: resources.nodes }),
      pods: new Informer({ ...common, type: resources.pods }),
    };
    const paths = nodePaths();
    const files = new FakeNodeFiles();
    const devices = new FakeDevices([]);
    const reporter = new Reporter({
      ...common,
      informers,
      facts: { read: async () => this.facts },
      software: new GuestSoftwareReader(helper, libvirt),
      probe: new VirtProbe({ helper, devices, files, paths, clock, log }),
      board,
      paths,
      nodeName: "node-1",
      uuid,
      version: "0.1.0",
      orphans: () => [],
    });
    const tasks = [...Object.values(informers), reporter];
    this.#running = Promise.all(tasks.map((task) => task.run(this.#stop.signal)));
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async addNode(): Promise<void> {
    const node: Node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "node-1" },
    };
    const created = await this.kube.create(resources.nodes, node, by);
    const status = { allocatable: { memory: "6Gi" } };
    await this.kube.updateStatus(resources.nodes, { ...created, status }, by);
  }

  async addHypervisor(): Promise<void> {
    const { apiVersion, kind, spec } = aHypervisor();
    const metadata = { name: "node-1" };
    await this.kube.create(resources.hypervisors, { apiVersion, kind, metadata, spec }, by);
  }

  async addPod(name: string, memory: string, labels: Record<string, string> = {}): Promise<void> {
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "team", labels },
      spec: { nodeName: "node-1", containers: [{ resources: { requests: { memory } } }] },
    };
    await this.kube.create(resources.pods, pod, by);
  }

  async status() {
    return (await this.kube.get(resources.hypervisors, { name: "node-1" })).status;
  }

  reports(): number {
    return this.kube.writes.filter(({ verb }) => verb === "apply").length;
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

async function prepare(): Promise<void> {
  await world.addNode();
  await world.addHypervisor();
  await world.clock.advance(1000);
}

describe("the report of a host", () => {
  test("says who it is, what runs there and what it offers", async () => {
    await prepare();
    expect(await world.status()).toMatchObject({
      uuid,
      bootId: "boot-1",
      virtType: "qemu",
      versions: { agent: "0.1.0", libvirt: "11.3.0", qemu: "10.0.13", guestImage: "0.1.0-abc" },
      inventory: { VCPU: { total: 2 }, MEMORY_MB: { total: 6144 }, DISK_GB: { total: 200 } },
      traits: expect.arrayContaining(["COMPUTE_FIRMWARE_UEFI"]),
      conditions: [{ type: "VirtTypeProven", status: "True", reason: "KvmAbsent" }],
    });
  });

  test("is known to the rest of the agent as well", async () => {
    expect(world.board.view()).toMatchObject({ bootId: "boot-1", virtType: undefined });
    await prepare();
    expect(world.board.view()).toEqual({
      bootId: "boot-1",
      guestImage: "0.1.0-abc",
      virtType: "qemu",
    });
    expect(world.board.inventories()?.["VCPU"]?.total).toBe(2);
  });

  test("waits for the operator to make the Hypervisor", async () => {
    await world.addNode();
    await world.clock.advance(120_000);
    expect(world.reports()).toBe(0);
    await world.addHypervisor();
    await world.clock.advance(1000);
    expect(world.reports()).toBe(1);
  });

  test("is written once, and not again while nothing changes", async () => {
    await prepare();
    await world.clock.advance(3_600_000);
    expect(world.reports()).toBe(1);
  });

  test("leaves out memory that pods request which hold no guest, soon and at once for many", async () => {
    await prepare();
    for (let pod = 0; pod < 10; pod += 1) await world.addPod(`other-${pod}`, "100Mi");
    await world.addPod("server", "1Gi", { "kilonova.io/server-uid": "x" });
    await world.clock.advance(5000);
    expect((await world.status())?.inventory?.["MEMORY_MB"]?.total).toBe(6144 - 1000);
    expect(world.reports()).toBe(2);
  });

  test("follows the administrator's spec at once", async () => {
    await prepare();
    const ref = { name: "node-1" };
    const patch = { spec: { virtType: "kvm", allocationRatios: { VCPU: 1 } } };
    await world.kube.patch(resources.hypervisors, ref, patch, by);
    await world.clock.advance(1000);
    const status = await world.status();
    expect(status?.conditions).toMatchObject([{ status: "False", reason: "KvmRequired" }]);
    expect(status).not.toHaveProperty("inventory");
    expect(status).not.toHaveProperty("virtType");
    expect(world.board.inventories()).toBeUndefined();
  });

  test("notices a disk that grew", async () => {
    await prepare();
    world.facts = { ...world.facts, diskGib: 300 };
    await world.clock.advance(90_000);
    expect((await world.status())?.inventory?.["DISK_GB"]?.total).toBe(300);
  });

  test("waits for a helper that is not up, and keeps what was said until then", async () => {
    world.helper.isUp = false;
    await prepare();
    await world.clock.advance(60_000);
    expect(world.reports()).toBe(0);
    world.helper.isUp = true;
    await world.clock.advance(2000);
    expect(world.reports()).toBe(1);
    world.helper.isUp = false;
    await world.clock.advance(300_000);
    expect((await world.status())?.virtType).toBe("qemu");
  });

  test("does not touch what the operator says of the same host", async () => {
    await prepare();
    const metadata = { name: "node-1" };
    const { apiVersion, kind } = aHypervisor();
    const status = { state: "up", usage: { servers: 1, vcpus: "1/8", memory: "1/2", disk: "0/1" } };
    const operator = { fieldManager: "kilonova-operator", subresource: "status" } as const;
    const object = { apiVersion, kind, metadata, status };
    await world.kube.apply(resources.hypervisors, object, operator);
    world.facts = { ...world.facts, diskGib: 300 };
    await world.clock.advance(90_000);
    expect(await world.status()).toMatchObject({ ...status, diskGib: 300 });
  });
});
