// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { nodePaths } from "../../core/guest/paths.ts";
import { TimedOut, Unavailable } from "../../ports/errors.ts";
import type { CommandResult } from "../../ports/helper.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeDevices } from "../../testing/fake-devices.ts";
import { FakeHelper } from "../../testing/fake-helper.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { FakeNodeFiles } from "../../testing/fake-node-files.ts";
import { VirtProbe } from "./virt-probe.ts";

const now = { bootId: "boot-1", guestImage: "0.1.0-a" };
const ran: CommandResult = { exitCode: 0, stdout: "", stderr: "" };
const died = (stderr: string): CommandResult => ({ exitCode: 1, stdout: "", stderr });

let answers: { kvm: () => CommandResult; tcg: () => CommandResult };
let helper: FakeHelper;
let devices: FakeDevices;
let files: FakeNodeFiles;

beforeEach(() => {
  answers = { kvm: () => ran, tcg: () => ran };
  helper = new FakeHelper(async (argv) => (argv.includes("kvm") ? answers.kvm() : answers.tcg()));
  devices = new FakeDevices(["/dev/kvm"]);
  files = new FakeNodeFiles();
});

/** A probe as an agent has it that has just started. */
const probe = () =>
  new VirtProbe({
    helper,
    devices,
    files,
    paths: nodePaths(),
    clock: new FakeClock(),
    log: new FakeLogger(),
  });

describe("the virtualization type", () => {
  test("is proven by a guest under KVM, with the agent's own device file", async () => {
    const verdict = await probe().prove("auto", now);
    expect(verdict).toMatchObject({ virtType: "kvm", reason: "Proven" });
    expect(helper.commands).toContainEqual(
      expect.stringMatching(/kilonova-probe kvm \/data\/dev\/kvm$/),
    );
    expect(devices.copies.get("/var/lib/kilonova/dev/kvm")).toBe("/dev/kvm");
  });

  test("is what works, with QEMU's words on what does not", async () => {
    answers.kvm = () => died("the probe guest did not run with kvm:\n\u001b[1mno\0 luck\n");
    const verdict = await probe().prove("auto", now);
    expect(verdict).toMatchObject({ virtType: "qemu", reason: "KvmProbeFailed" });
    expect(verdict.message).toContain("under it ([1mno luck)");
  });

  test("does not wait for a KVM guest that hangs longer than its limit", async () => {
    answers.kvm = () => {
      throw new TimedOut("nsenter did not end");
    };
    expect(await probe().prove("auto", now)).toMatchObject({
      virtType: "qemu",
      reason: "KvmProbeFailed",
    });
  });

  test("is tried once for each boot and guest image, also by the agent that follows", async () => {
    answers.kvm = () => died("hangs");
    const first = await probe().prove("auto", now);
    const { length } = helper.commands;
    expect(await probe().prove("auto", now)).toEqual(first);
    expect(helper.commands).toHaveLength(length);
    await probe().prove("auto", { ...now, bootId: "boot-2" });
    expect(helper.commands).toHaveLength(2 * length);
    await probe().prove("auto", { ...now, guestImage: "0.1.0-b" });
    expect(helper.commands).toHaveLength(3 * length);
  });

  test("is tried only as far as the administrator's choice needs it", async () => {
    await probe().prove("qemu", now);
    expect(helper.commands.join()).not.toContain("kvm");
    await probe().prove("kvm", now);
    expect(helper.commands).toHaveLength(2);
  });

  test("is not tried under TCG where KVM works", async () => {
    await probe().prove("auto", now);
    expect(helper.commands).toEqual([expect.stringContaining("kilonova-probe kvm")]);
  });

  test("of a node without /dev/kvm is found without trying it", async () => {
    devices.host.clear();
    expect(await probe().prove("auto", now)).toMatchObject({
      virtType: "qemu",
      reason: "KvmAbsent",
    });
    expect(await probe().prove("kvm", now)).toMatchObject({ reason: "KvmRequired" });
    expect(helper.commands).toHaveLength(1);
  });

  test("is not judged by a helper that is not up", async () => {
    helper.isUp = false;
    await expect(probe().prove("auto", now)).rejects.toBeInstanceOf(Unavailable);
    expect(files.texts.size).toBe(0);
    helper.isUp = true;
    expect(await probe().prove("auto", now)).toMatchObject({ virtType: "kvm" });
  });

  test.each(["", "{", "[]", '{"bootId":"boot-1","guestImage":"0.1.0-a","kvm":true}'])(
    "is tried anew when the record of earlier probes says %j",
    async (text) => {
      files.texts.set(nodePaths().virtProbe, text);
      expect(await probe().prove("auto", now)).toMatchObject({ virtType: "kvm" });
      expect(helper.commands).toHaveLength(1);
    },
  );
});
