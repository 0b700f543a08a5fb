// SPDX-License-Identifier: Apache-2.0
/** Commands in a real helper container, made of the guest image. Needs root. */
import { chownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { VirtProbe } from "../../agent/inventory/virt-probe.ts";
import { nodePaths } from "../../core/guest/paths.ts";
import { guestImageName, guestImageRecordPath } from "../../core/hypervisor/guest-image.ts";
import { TimedOut, Unavailable } from "../../ports/errors.ts";
import type { CommandLimits, Helper } from "../../ports/helper.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { HelperContainer } from "../../testing/helper-container.ts";
import { systemClock } from "../clock/system-clock.ts";
import { createLibvirtClient } from "../libvirt/client.ts";
import { systemDevices } from "./devices.ts";
import { createHelper } from "./helper.ts";
import { systemNodeFiles } from "./node-files.ts";

const limits: CommandLimits = {
  timeoutSeconds: 20,
  cpuSeconds: 5,
  memoryMib: 512,
  fileSizeMib: 1,
};
const guestUid = 1_000_700_001;

let container: HelperContainer;
let helper: Helper;

beforeAll(async () => {
  container = await HelperContainer.start();
  helper = createHelper(container);
});
afterAll(() => container.close());

const sh = (script: string, change: Partial<CommandLimits> = {}, uid?: number) =>
  helper.run(["sh", "-c", script], {
    limits: { ...limits, ...change },
    ...(uid !== undefined && { uid }),
  });

describe("a command in the helper", () => {
  test("sees the files of the guest image", async () => {
    const { stdout } = await helper.run(["cat", guestImageRecordPath], { limits });
    expect(guestImageName(stdout)).toMatch(/^[\w.]+-[0-9a-f]{16}$/);
    expect((await sh("qemu-img --version")).stdout).toContain("qemu-img version");
  });

  test("has no right of its own, none to be gained, and no network", async () => {
    const { stdout } = await sh("grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs)' /proc/self/status");
    const ids = `${container.uid}\t`.repeat(4).trim();
    expect(stdout).toContain(`Uid:\t${ids}\n`);
    expect(stdout).toContain(`Gid:\t${ids}\n`);
    expect(stdout).toMatch(/^Groups:\t\s*$/m);
    expect(stdout).toContain("NoNewPrivs:\t1");
    for (const set of ["Inh", "Prm", "Eff", "Amb"]) {
      expect(stdout).toContain(`Cap${set}:\t0000000000000000`);
    }
    const devices = (await sh("tail -n +3 /proc/net/dev")).stdout.trim().split("\n");
    expect(
      devices.filter((line) => !/^\s*(lo|tunl0|sit0|gre0|gretap0|erspan0|ip)/.test(line)),
    ).toEqual([]);
    expect((await sh("echo 1 > /etc/kilonova/x")).exitCode).not.toBe(0);
  });

  test("may run as a guest's user, and then reaches that guest's directory alone", async () => {
    for (const [name, owner] of [
      ["own", guestUid],
      ["other", guestUid + 1],
    ] as const) {
      mkdirSync(join(container.base, "guests", name), { mode: 0o700 });
      chownSync(join(container.base, "guests", name), owner, owner);
    }
    const create = "qemu-img create -q -f qcow2 /data/guests/own/disk.qcow2 10G";
    expect((await sh(create, {}, guestUid)).stderr).toBe("");
    expect(readFileSync(join(container.base, "guests/own/disk.qcow2")).subarray(0, 3)).toEqual(
      Buffer.from("QFI"),
    );
    expect((await sh("ls /data/guests/other", {}, guestUid)).stderr).toContain("Permission denied");
    expect((await sh("ls /data/guests/own")).stderr).toContain("Permission denied");
    expect((await sh("echo > /data/images/x", {}, guestUid)).stderr).toContain("Read-only");
  });

  test("gets its arguments as they are", async () => {
    const { stdout } = await helper.run(["env", "A=b c;d", "sh", "-c", 'echo "$A"'], { limits });
    expect(stdout).toBe("b c;d\n");
  });

  test("tells how it ended", async () => {
    expect((await sh("echo no >&2; exit 7")).exitCode).toBe(7);
    expect((await helper.run(["no-such-program"], { limits })).exitCode).toBe(127);
  });

  test("is killed when its time, its CPU time, its memory or its file's size is used up", async () => {
    await expect(sh("sleep 100", { timeoutSeconds: 0.5 })).rejects.toBeInstanceOf(TimedOut);
    expect((await sh("while :; do :; done", { cpuSeconds: 1 })).exitCode).toBeGreaterThan(128);
    const greedy = await sh("head -c 200000000 /dev/zero | tail -n 1", { memoryMib: 64 });
    expect(greedy.stderr).toMatch(/memory|exhausted/);
    const endless = await sh("head -c 2000000 /dev/zero > /data/guests/own/big", {}, guestUid);
    expect(endless.exitCode).not.toBe(0);
    expect(readFileSync(join(container.base, "guests/own/big")).length).toBe(2 ** 20);
  });
});

describe("the helper's libvirtd", () => {
  test("answers the agent, and knows no domain", async () => {
    const client = createLibvirtClient(systemClock);
    const connection = await client.connect(helper.libvirtSocket, { timeoutSeconds: 10 });
    expect((await connection.getVersions()).libvirt).toMatch(/^\d+\.\d+\.\d+$/);
    expect(await connection.listDomains()).toEqual([]);
    connection.close();
  });
});

describe("a helper that lies about who it is", () => {
  const pidFile = () => join(container.directory, "libvirt/libvirtd.pid");
  let truth: string;

  beforeAll(() => {
    truth = readFileSync(pidFile(), "utf8");
  });
  afterEach(() => {
    rmSync(pidFile(), { force: true });
    writeFileSync(pidFile(), truth);
  });

  test.each([
    ["the agent itself", () => String(process.pid)],
    ["the first process", () => "1"],
    ["no process", () => "4194305"],
    ["no number", () => "-1"],
    ["nothing", () => ""],
    ["a path", () => "self/task/1"],
  ])("is not followed to %s", async (_, text) => {
    writeFileSync(pidFile(), text());
    await expect(sh("true")).rejects.toBeInstanceOf(Unavailable);
  });

  test("is not followed by a symbolic link", async () => {
    rmSync(pidFile());
    writeFileSync(join(container.directory, "elsewhere"), truth);
    symlinkSync(join(container.directory, "elsewhere"), pidFile());
    await expect(sh("true")).rejects.toBeInstanceOf(Unavailable);
  });

  test("is followed again when it says the truth", async () => {
    expect((await sh("true")).exitCode).toBe(0);
  });
});

describe("the virtualization type of this machine", () => {
  test("is proven under TCG, and judged in time whatever KVM does", async () => {
    const paths = nodePaths(container.base);
    const options = { helper, devices: systemDevices, files: systemNodeFiles, paths };
    const log = new FakeLogger();
    const probe = new VirtProbe({ ...options, clock: systemClock, log });
    const now = { bootId: "boot-1", guestImage: "image-1" };
    const verdict = await probe.prove("auto", now);
    expect(verdict.virtType).toBeDefined();
    expect(log.lines).toContainEqual(expect.objectContaining({ kind: "qemu", outcome: "proven" }));
    const startedMs = systemClock.monotonicMs();
    expect(await probe.prove("auto", now)).toEqual(verdict);
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(500);
  });
});
