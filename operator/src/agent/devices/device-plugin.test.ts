// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Metrics } from "../../platform/metrics.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeDevices } from "../../testing/fake-devices.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { FakePluginSockets } from "../../testing/fake-plugin-sockets.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { DevicePlugin } from "./device-plugin.ts";
import { kvmDevice } from "./offered-devices.ts";

const kvm = "kilonova.io/kvm";
const directory = "/var/lib/kilonova/dev";
let clock: FakeClock;
let sockets: FakePluginSockets;
let devices: FakeDevices;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  sockets = new FakePluginSockets();
  devices = new FakeDevices(["/dev/kvm"]);
  stop = new AbortController();
});

function start(): void {
  const plugin = new DevicePlugin({
    device: kvmDevice,
    sockets,
    devices,
    directory,
    clock,
    random: new SeededRandom(1),
    log: new FakeLogger(),
    metrics: new Metrics(),
  });
  running = plugin.run(stop.signal);
}

afterEach(async () => {
  stop.abort();
  await running;
});

describe("a device plugin", () => {
  test("registers once, and gives pods a device file of the agent's own", async () => {
    sockets.startKubelet();
    start();
    await clock.advance(10_000);
    expect(sockets.registered).toEqual([kvm]);
    expect(sockets.reachable).toEqual({ [kvm]: true });
    expect(devices.copies.get(`${directory}/kvm`)).toBe("/dev/kvm");
  });

  test("waits for a kubelet that starts later than the agent", async () => {
    start();
    await clock.advance(10_000);
    expect(sockets.registered).toEqual([]);
    sockets.startKubelet();
    await clock.advance(2000);
    expect(sockets.registered).toEqual([kvm]);
  });

  test("registers anew within seconds after the kubelet was restarted", async () => {
    sockets.startKubelet();
    start();
    await clock.advance(2000);
    sockets.stopKubelet();
    await clock.advance(30_000);
    sockets.startKubelet();
    expect(sockets.registered).toEqual([]);
    await clock.advance(2000);
    expect(sockets.registered).toEqual([kvm]);
    expect(sockets.reachable).toEqual({ [kvm]: true });
  });

  test("serves and registers again when its socket was removed", async () => {
    sockets.startKubelet();
    start();
    await clock.advance(2000);
    sockets.removeSockets();
    await clock.advance(2000);
    expect(sockets.registered).toEqual([kvm, kvm]);
    expect(sockets.reachable).toEqual({ [kvm]: true });
  });

  test("offers nothing where there is no KVM, and offers it when it appears", async () => {
    devices.host.clear();
    sockets.startKubelet();
    start();
    await clock.advance(10_000);
    expect(sockets.registered).toEqual([]);
    devices.host.add("/dev/kvm");
    await clock.advance(2000);
    expect(sockets.registered).toEqual([kvm]);
  });

  test("tells when the device goes away, and when it is back", async () => {
    sockets.startKubelet();
    start();
    await clock.advance(2000);
    devices.host.clear();
    await clock.advance(2000);
    expect(sockets.reachable).toEqual({ [kvm]: false });
    devices.host.add("/dev/kvm");
    await clock.advance(2000);
    expect(sockets.reachable).toEqual({ [kvm]: true });
    expect(sockets.registered).toEqual([kvm]);
  });

  test("takes its socket away when the agent ends", async () => {
    sockets.startKubelet();
    start();
    await clock.advance(2000);
    stop.abort();
    await running;
    expect(sockets.reachable).toEqual({});
  });
});
