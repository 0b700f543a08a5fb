// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../src/testing/until.ts";
import { alphabetRom, domainUuid } from "./testing/guest-domain.ts";
import { ServerPod } from "./testing/server-pod.ts";

const secondsMax = 120_000;

describe("a guest in a server's pod", () => {
  let pod: ServerPod;

  beforeAll(async () => {
    pod = await ServerPod.start();
    await pod.boot("bios");
  }, secondsMax);

  afterAll(() => pod.close());

  test("is ready at once without a network card", () => {
    expect(pod.stdout).toMatch(/KILONOVA-GUEST ready kilonova-tiny - boot_id=[0-9a-f-]{36} t=/);
    expect(pod.stdout).toContain(" efi=0 secure_boot=-1 tpm=absent address_wait=0.0");
  });

  test("is heard on standard output as in its log", async () => {
    await until("the heart beats", () => pod.stdout.includes("KILONOVA-GUEST hb n=2 "));
    await pod.libvirt.suspendDomain(domainUuid);
    await until("log and output agree", async () => (await pod.consoleLog()) === pod.stdout);
    await pod.libvirt.resumeDomain(domainUuid);
    expect(pod.stdout).toContain("KILONOVA-GUEST hb n=2 ");
  });

  test("can be watched by two and talked to by both", async () => {
    const [first, second] = [await pod.exec(["console"]), await pod.exec(["console"])];
    const seen = ["", ""];
    [first, second].forEach((client, index) => {
      client.stdout?.on("data", (chunk: Buffer) => (seen[index] += chunk.toString()));
    });
    await until("both see it", () => seen.every((text) => text.includes("KILONOVA-GUEST hb")));
    first.stdin?.write("hello\n");
    await until("both see it", () => seen.every((text) => text.includes("pong hello")));
    second.stdin?.write("/canary\n");
    await until("both see it", () => seen.every((text) => text.includes("answer ")));
    for (const client of [first, second]) {
      client.stdin?.end();
      expect(await once(client, "exit")).toEqual([0, null]);
    }
  });

  test("shows its console, and nothing of libvirt's complaints, which are kept beside it", async () => {
    expect(pod.stderr).toBe("");
    expect(await pod.readRunFile("libvirtd.log")).toContain("libvirt version");
  });

  test("runs on when libvirtd is killed, which finds it again", async () => {
    const qemu = await pod.qemuPid();
    await pod.kill("libvirtd");
    await until("libvirtd answers again", () => pod.connect().then(Boolean, () => false));
    expect(await pod.libvirt.listDomains()).toHaveLength(1);
    expect(await pod.qemuPid()).toBe(qemu);
    await pod.untilNextHeartbeat();
  });

  test("runs on when the console is killed, which is heard again", async () => {
    const qemu = await pod.qemuPid();
    await pod.kill("console");
    await pod.untilNextHeartbeat();
    expect(await pod.qemuPid()).toBe(qemu);
  });

  test("is powered off with its pod although no agent sees to it", async () => {
    await pod.terminate();
    expect(pod.stdout).toContain("KILONOVA-GUEST event power-button");
    expect(pod.stdout).toContain("KILONOVA-GUEST poweroff reason=sigusr2");
    expect(pod.stderr).toContain("no agent shuts the guest down");
  });
});

describe("the guest image", () => {
  let pod: ServerPod;

  beforeEach(async () => {
    pod = await ServerPod.start();
  }, secondsMax);

  afterEach(() => pod.close());

  test("loses nothing of what the guest's first instructions say", async () => {
    await pod.writeFile("rom.bin", alphabetRom());
    await pod.create("rom");
    await until("the guest spoke", () => pod.stdout.endsWith("Z"));
    expect(pod.stdout).toBe("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    expect(await pod.consoleLog()).toBe(pod.stdout);
  });

  test("boots with UEFI and obeys the power button", async () => {
    await pod.boot("uefi");
    expect(pod.stdout).toContain(" efi=1 secure_boot=0 tpm=absent");
    await pod.libvirt.shutdownDomain(domainUuid, "acpi");
    await until("the guest is off", async () => (await pod.libvirt.listDomains()).length === 0);
    expect(pod.stdout).toContain("KILONOVA-GUEST poweroff");
  });

  test("boots with Secure Boot and measures into a TPM", async () => {
    await pod.boot("secure boot and a TPM");
    expect(pod.stdout).toMatch(/ efi=1 secure_boot=1 tpm=[0-9A-F]{64}/);
  });

  test("has a record of capabilities that libvirt believes", async () => {
    const directory = "home/.cache/libvirt/qemu/cache/capabilities";
    const name = "926803a9278e445ec919c2b6cbd8c1c449c75b26dcb1686b774314180376c725.xml";
    const path = join(pod.runDirectory, directory, name);
    // libvirt writes records that nobody else may read; init's is readable.
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    expect(await pod.libvirt.getCapabilities()).toContain("<guest>");
    expect((await stat(path)).mode & 0o777).toBe(0o644);
  });

  test("kills the guest when its fencing deadline passes", async () => {
    await pod.writeFile("rom.bin", alphabetRom());
    await pod.create("rom");
    const now = Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]);
    await pod.writeRunFile("fence", `${now + 1}\n`);
    await until("the guest is gone", async () => (await pod.libvirt.listDomains()).length === 0);
    expect(pod.stderr).toContain("the fencing deadline has passed: killed the guest");
  });

  test("proves with a guest that TCG works, and that a missing KVM does not", async () => {
    const tcg = await pod.exec(["env", "KILONOVA_PROBE_SECONDS=60", "kilonova-probe", "tcg"]);
    expect(await once(tcg, "exit")).toEqual([0, null]);
    const kvm = await pod.exec(["kilonova-probe", "kvm", "/dev/kvm"]);
    let said = "";
    kvm.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    expect(await once(kvm, "close")).toEqual([1, null]);
    expect(said).toContain("the probe guest did not run with kvm");
  });

  test("says what it is made of", async () => {
    const cat = await pod.exec(["cat", "/etc/kilonova/guest-image"]);
    let text = "";
    cat.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await once(cat, "close");
    const { libvirtVersion, qemuVersion } = await versions(pod);
    const record = JSON.parse(text);
    expect(record.content).toMatch(/^[0-9a-f]{16}$/);
    expect(record.packages["libvirt-daemon"]).toContain(libvirtVersion);
    expect(record.packages["qemu-system-x86"]).toContain(qemuVersion);
  });
});

async function versions(pod: ServerPod): Promise<{ libvirtVersion: string; qemuVersion: string }> {
  const found = await pod.libvirt.getVersions();
  return { libvirtVersion: found.libvirt, qemuVersion: found.hypervisor };
}
