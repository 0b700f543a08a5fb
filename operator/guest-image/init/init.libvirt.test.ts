// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test as base } from "vitest";
import { until } from "../../src/testing/until.ts";
import { compiled, throwIfUnsound } from "../testing/compiled.ts";
import { powerButton } from "../testing/fake-libvirtd.ts";
import { fakesRoot, InitWorld } from "../testing/init-world.ts";

let fakes: string;
let program: string;

beforeAll(async () => {
  fakes = await mkdtemp(join(tmpdir(), "init-"));
  await InitWorld.makeFakes(fakes);
  program = await compiled("init", [`-DROOT="${fakesRoot}"`, "-DTICK_MILLISECONDS=50"]);
}, 60_000);

afterAll(() => rm(fakes, { recursive: true }));

/** Starts init with or without a guest. Tests run side by side: most of their time is waiting. */
type Start = (isGuestRunning: boolean, acpiAfterSeconds?: number) => Promise<InitWorld>;

const test = base.extend<{ start: Start }>({
  start: async ({ task }, use) => {
    const worlds: InitWorld[] = [];
    await use(async (isGuestRunning, acpiAfterSeconds = 0.2) => {
      const env = { KILONOVA_ACPI_AFTER_SECONDS: String(acpiAfterSeconds) };
      const world = await InitWorld.start(program, fakes, { isGuestRunning, env });
      worlds.push(world);
      return world;
    });
    for (const world of worlds) {
      await world.close();
      if (task.result?.state === "fail") process.stderr.write(world.stderr);
      throwIfUnsound(world.stderr);
    }
  },
});

const hasGuest = async (world: InitWorld): Promise<boolean> =>
  (await world.processes()).join().includes("qemu-system");

/** Seconds of CLOCK_BOOTTIME from now; the difference to the time since boot is suspend, none here. */
const bootTime = (fromNowSeconds: number): string =>
  (Number(process.hrtime.bigint() / 1_000_000n) / 1000 + fromNowSeconds).toFixed(3);

describe.concurrent("init at its start", () => {
  test("names its user, gives libvirt its settings and a fitting record of capabilities", async ({
    start,
  }) => {
    const world = await start(false);
    const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() };
    const home = join(world.runDirectory, "home");
    expect(await world.read("passwd")).toContain(`kilonova:x:${uid}:${gid}::${home}:/bin/sh\n`);
    expect(await world.read("passwd")).toContain("root:x:0:");
    expect(await world.read("group")).toContain(`kilonova:x:${gid}:\n`);
    expect(await world.read("home/.config/libvirt/qemu.conf")).toBe('security_driver = "none"\n');

    const record = await world.read("home/.cache/libvirt/qemu/cache/capabilities/abc.xml");
    const seconds = async (path: string, time: "ctimeMs" | "mtimeMs"): Promise<number> =>
      Math.floor((await stat(join(fakes, path)))[time] / 1000);
    const qemu = await seconds("usr/bin/qemu-system-x86_64", "ctimeMs");
    const modules = await seconds("usr/lib/x86_64-linux-gnu/qemu", "mtimeMs");
    const libvirtd = await seconds("usr/sbin/libvirtd", "ctimeMs");
    expect(record).toContain(`  <qemuctime>${qemu}</qemuctime>\n`);
    expect(record).toContain(`  <qemumoddirmtime>${modules}</qemumoddirmtime>\n`);
    expect(record).toContain(`  <selfctime>${libvirtd}</selfctime>\n`);
    expect(record).toContain("  <selfvers>11003000</selfvers>\n</qemuCaps>\n");
  });

  test("asks libvirtd for its capabilities, so that the first guest need not wait for them", async ({
    start,
  }) => {
    const world = await start(false);
    expect(world.libvirtd.calls).toEqual(["open", "capabilities"]);
  });
});

describe.concurrent("init while the pod runs", () => {
  test("starts libvirtd again, later each time, and leaves the guest alone", async ({ start }) => {
    const world = await start(true);
    const starts = async (): Promise<number> =>
      ((await world.read("libvirtd.starts")) ?? "").split("\n").length - 1;
    const qemu = await world.read("qemu.pid");
    const waits: number[] = [];
    for (let round = 1; round <= 3; round++) {
      await world.kill("libvirtd.pid");
      const killedAt = performance.now();
      await until("libvirtd is started again", async () => (await starts()) > round);
      waits.push(performance.now() - killedAt);
      await until("init is ready again", async () => (await world.read("ready")) !== undefined);
    }
    expect(waits[2]).toBeGreaterThan(300);
    expect(await world.read("qemu.pid")).toBe(qemu);
    expect(world.hasEnded).toBe(false);
  });

  test("is not ready while libvirtd is down", async ({ start }) => {
    const world = await start(true);
    await world.kill("libvirtd.pid");
    await until("it is not ready", async () => (await world.read("ready")) === undefined);
    await until("it is ready again", async () => (await world.read("ready")) !== undefined);
    expect(world.libvirtd.calls).toEqual(["open", "capabilities", "open", "capabilities"]);
  });

  test("keeps libvirtd's log short", async ({ start }) => {
    const world = await start(true);
    await world.write("libvirtd.log", "error\n");
    await sleep(200);
    expect(await world.read("libvirtd.log")).toBe("error\n");
    await world.write("libvirtd.log", "x".repeat(2 ** 20 + 1));
    await until("it is empty", async () => (await world.read("libvirtd.log")) === "");
  });

  test("reaps what ends inside", async ({ start }) => {
    const world = await start(true);
    expect(await hasGuest(world)).toBe(true);
    await world.kill("qemu.pid");
    await until("QEMU is no more, not even as a zombie", async () => {
      const processes = await world.processes();
      return processes.length > 0 && !processes.join().includes("qemu-system");
    });
  });
});

describe.concurrent("init when the pod is asked to end", () => {
  test("ends at once without a guest", async ({ start }) => {
    const world = await start(false);
    const askedAt = performance.now();
    await world.terminate();
    expect(await world.ended()).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(1000);
  });

  test("tells the agent and waits for the guest that the agent shuts down", async ({ start }) => {
    const world = await start(true, 0.4);
    await world.terminate();
    await until("the agent is told", async () => (await world.read("terminating")) !== undefined);
    await world.write("agent-stops", "");
    await sleep(600);
    expect(world.hasEnded).toBe(false);
    expect(world.libvirtd.shutdowns).toEqual([]);
    await world.write("power-off", "");
    expect(await world.ended()).toBe(0);
  });

  test("presses the power button when no agent takes over", async ({ start }) => {
    const world = await start(true);
    await world.terminate();
    expect(await world.ended()).toBe(0);
    expect(world.libvirtd.shutdowns).toEqual([powerButton]);
    expect(world.stderr).toContain("no agent shuts the guest down");
  });

  test("presses the power button when the agent that took over is heard no more", async ({
    start,
  }) => {
    const world = await start(true);
    await world.write("agent-stops", "");
    const longAgo = new Date(Date.now() - 20_000);
    await utimes(join(world.runDirectory, "agent-stops"), longAgo, longAgo);
    await world.terminate();
    expect(await world.ended()).toBe(0);
    expect(world.libvirtd.shutdowns).toHaveLength(1);
  });
});

describe.concurrent("the fencing deadline", () => {
  test("kills the guest when it passes, and nothing else", async ({ start }) => {
    const world = await start(true);
    await world.write("fence", `${bootTime(0.2)}\n`);
    await until("the guest is killed", () => world.stderr.includes("killed the guest"));
    await until("it is reaped", async () => !(await hasGuest(world)));
    expect(world.hasEnded).toBe(false);
    expect(await world.read("ready")).toBeDefined();
  });

  test("moves on with every word of the agent, and 0 disarms it", async ({ start }) => {
    const world = await start(true);
    for (let word = 0; word < 4; word++) {
      await world.write("fence", `${bootTime(1)}\n`);
      await sleep(400);
    }
    expect(await hasGuest(world)).toBe(true);
    await world.write("fence", "0\n");
    await sleep(1200);
    expect(await hasGuest(world)).toBe(true);
  });

  test("stands although its file is replaced by something else, or removed", async ({ start }) => {
    const world = await start(true);
    await world.write("fence", `${bootTime(1.5)}\n`);
    await sleep(200);
    await world.write("fence", "1");
    await sleep(200);
    await world.remove("fence");
    expect(await hasGuest(world)).toBe(true);
    await until("the guest is killed", () => world.stderr.includes("killed the guest"));
  });
});
