// SPDX-License-Identifier: Apache-2.0
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestRootfs } from "../../../../hack/image/guest.ts";
import { systemClock } from "../../adapters/clock/system-clock.ts";
import { createProcesses } from "../../adapters/host/processes.ts";
import { systemPodRuntime } from "../../adapters/host/pod-runtime.ts";
import { createLibvirtClient } from "../../adapters/libvirt/client.ts";
import { finalizer } from "../../api/names.ts";
import type { GuestSpec, GuestStatus } from "../../api/v1alpha1/guest.ts";
import { imageFile, podPath } from "../../core/guest/paths.ts";
import { Metrics } from "../../platform/metrics.ts";
import { NotFound } from "../../ports/errors.ts";
import { type ObjectRef, resources } from "../../ports/kube.ts";
import { bootableDisk, type PowerButtonResponse } from "../../testing/boot-sector.ts";
import { aGuest, aHypervisor } from "../../testing/builders.ts";
import { FakeGuestFiles, FakeReleasedTokens } from "../../testing/fake-guest-files.ts";
import { FakeKube } from "../../testing/fake-kube.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { FakePodNetworks } from "../../testing/fake-pod-networks.ts";
import { LibvirtHarness } from "../../testing/libvirt-harness.ts";
import { emptyQcow2 } from "../../testing/qcow2.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { until } from "../../testing/until.ts";
import { HostBoard } from "../inventory/host-board.ts";
import { GuestManager } from "./guest-manager.ts";

const operator = { fieldManager: "kilonova-operator" };
const { spec: builtSpec, metadata: builtMetadata } = aGuest();
const { uuid } = builtSpec.domain;
const ref: ObjectRef = { namespace: "team", name: builtMetadata.name };
const qemuUid = 1007;

let harness: LibvirtHarness;
let kube: FakeKube;
let files: FakeGuestFiles;
let released: FakeReleasedTokens;
let powerButton: PowerButtonResponse;
let stop: AbortController;

beforeAll(async () => {
  harness = await LibvirtHarness.start(await guestRootfs());
  const { dataDirectory } = harness;
  // In a pod, home is in the runtime directory.
  await symlink(join(dataDirectory, "home"), join(dataDirectory, "run/home"));
  // What the pod's metadata program would say.
  await writeFile(join(dataDirectory, "run/metadata-status"), "ready\n");
  await mkdir(join(dataDirectory, "images"));
});
afterAll(() => harness.close());

beforeEach(() => {
  const random = new SeededRandom(1);
  kube = new FakeKube({ clock: systemClock, random });
  files = new FakeGuestFiles();
  released = new FakeReleasedTokens();
  powerButton = "obeys";
});

afterEach(async () => {
  stop.abort();
  const connection = await connect();
  for (const domain of await connection.listDomains()) {
    await connection.destroyDomain(domain.uuid, "forced");
  }
  connection.close();
});

function connect() {
  const libvirt = createLibvirtClient(systemClock);
  return libvirt.connect(harness.socketPath, { timeoutSeconds: 10 });
}

/** The agent of a node whose only pod is the harness, and whose images and disks are there. */
function startAgent(): void {
  stop = new AbortController();
  const host = new HostBoard("boot-1");
  const manager = new GuestManager({
    nodeName: "node-1",
    kube,
    host,
    mounts: {
      current: () => ({ podUid: "pod-1", directory: harness.dataDirectory }),
      onChange: () => {},
    },
    runtime: systemPodRuntime,
    // The harness has the tap already.
    networks: new FakePodNetworks(),
    processes: createProcesses(),
    libvirt: createLibvirtClient(systemClock),
    files,
    disks: {
      inspect: async () => ({
        virtualSizeBytes: 2 ** 20,
        hasBackingFile: false,
        hasDataFile: false,
        isEncrypted: false,
      }),
      createRootDisk: ({ incarnation, base, sizeBytes }) => makeDisk(incarnation, base, sizeBytes),
    },
    released,
    images: {
      view: async () => ({ kind: "ready" }),
      used: async () => {},
      fetch: () => {},
      onChange: () => {},
    },
    clock: systemClock,
    random: new SeededRandom(2),
    log: new FakeLogger(),
    metrics: new Metrics(),
  });
  void manager.run(stop.signal);
  const view = { bootId: "boot-1", virtType: "qemu", guestImage: "1" } as const;
  host.post(view, aHypervisor().status?.inventory);
}

async function makeDisk(
  incarnation: Parameters<FakeGuestFiles["addDisk"]>[0],
  base: string,
  sizeBytes: number,
): Promise<void> {
  const image = imageFile(join(harness.dataDirectory, "images"), base);
  await writeFile(image, bootableDisk(powerButton), { mode: 0o444 });
  const backingFile = imageFile(podPath.images, base);
  await harness.writeFile("disk.qcow2", emptyQcow2(64, { backingFile }));
  files.addDisk(incarnation, { base, sizeBytes, content: "" });
}

async function create(change: Partial<GuestSpec> = {}): Promise<void> {
  const domain = { ...builtSpec.domain, memoryMib: 32, vcpus: 1 };
  const spec = { ...builtSpec, domain, uid: qemuUid, ...change };
  const metadata = { ...ref, finalizers: [finalizer] };
  await kube.create(resources.guests, { ...aGuest(), metadata, spec }, operator);
}

async function edit(spec: Partial<GuestSpec>): Promise<void> {
  await kube.patch(resources.guests, ref, { spec }, operator);
}

async function expectSoon(expected: Partial<GuestStatus>): Promise<void> {
  let status: GuestStatus = {};
  await until(`the Guest says ${JSON.stringify(expected)}`, async () => {
    const guest = await kube.get(resources.guests, ref);
    status = guest.status ?? {};
    const isCurrent = status.observedGeneration === guest.metadata.generation;
    return (
      isCurrent &&
      Object.entries(expected).every(([key, value]) => status[key as keyof GuestStatus] === value)
    );
  }).catch((error: unknown) => {
    throw new Error(JSON.stringify(status), { cause: error });
  });
  expect(status).toMatchObject(expected);
}

/** The boot sector needs a moment until it minds its power button. */
async function boot(): Promise<void> {
  startAgent();
  await create();
  await expectSoon({ domain: "Running", boot: 1 });
}

async function pressPowerButton(): Promise<void> {
  const connection = await connect();
  await until("the guest minds its power button", async () => {
    if ((await connection.lookupDomain(uuid)) === undefined) return true;
    await connection.shutdownDomain(uuid, "acpi").catch(() => {});
    return false;
  });
  connection.close();
}

describe("a guest of a real libvirtd", () => {
  test("runs, and its machine is frozen as QEMU made it", async () => {
    await boot();
    const { status } = await kube.get(resources.guests, ref);
    expect(status?.machine?.type).toMatch(/^pc-q35-\d+\.\d+$/);
    expect(await createProcesses().hasQemu(qemuUid)).toBe(true);
  });

  test("that shuts itself down is off by its own will, and starts again with its machine", async () => {
    await boot();
    const { machine } = (await kube.get(resources.guests, ref)).status ?? {};
    await pressPowerButton();
    await expectSoon({ domain: "Off", stoppedBy: "Guest", boot: 1 });
    await edit({ boot: 2, domain: { ...builtSpec.domain, memoryMib: 32, machine: machine ?? {} } });
    await expectSoon({ domain: "Running", boot: 2 });
  });

  test("whose QEMU is killed has crashed", async () => {
    await boot();
    await harness.killQemu(ref.name);
    await expectSoon({ domain: "Off", stoppedBy: "Crash" });
  });

  test("that ended while no agent looked is found off for the same reason", async () => {
    await boot();
    stop.abort();
    await pressPowerButton();
    startAgent();
    await expectSoon({ domain: "Off", stoppedBy: "Guest" });
  });

  test("is stopped by its power button", async () => {
    await boot();
    await edit({ runState: "Stopped", shutdown: { timeoutSeconds: 30, retryIntervalSeconds: 1 } });
    await expectSoon({ domain: "Off", stoppedBy: "User" });
  });

  test("that ignores its power button is powered off", async () => {
    powerButton = "ignores";
    await boot();
    await edit({ runState: "Stopped", shutdown: { timeoutSeconds: 2, retryIntervalSeconds: 1 } });
    await expectSoon({ domain: "Off", stoppedBy: "User" });
    expect(await createProcesses().hasQemu(qemuUid)).toBe(false);
  });

  test("lives on in the same QEMU while libvirtd and the agent are killed", async () => {
    await boot();
    const pid = await harness.qemuPid(ref.name);
    await harness.killDaemon();
    stop.abort();
    startAgent();
    await expectSoon({ domain: "Running", boot: 1 });
    await harness.startDaemon();
    await edit({ runState: "Stopped", shutdown: { timeoutSeconds: 30, retryIntervalSeconds: 1 } });
    expect(await harness.qemuPid(ref.name)).toBe(pid);
    await expectSoon({ domain: "Off", stoppedBy: "User" });
  });

  test("that is deleted is gone", async () => {
    await boot();
    await kube.delete(resources.guests, ref);
    await until("the Guest is gone", async () =>
      kube.get(resources.guests, ref).then(
        () => false,
        (error: unknown) => error instanceof NotFound,
      ),
    );
    expect(await createProcesses().hasQemu(qemuUid)).toBe(false);
    expect(await files.list()).toEqual([]);
  });

  test("that libvirt does not start says why", async () => {
    startAgent();
    await create({ domain: { ...builtSpec.domain, machine: { type: "pc-q35-99.0" } } });
    await until("the error is told", async () => {
      const { status } = await kube.get(resources.guests, ref);
      return status?.error?.reason === "StartFailed";
    });
    const { status } = await kube.get(resources.guests, ref);
    expect(status?.error?.message).toContain("pc-q35-99.0");
  });
});
