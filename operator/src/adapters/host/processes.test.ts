// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createProcesses } from "./processes.ts";

const uid = 1_000_700_000;
let proc: string;

beforeEach(async () => {
  proc = await mkdtemp(join(tmpdir(), "proc-"));
});

afterEach(() => rm(proc, { recursive: true }));

async function addProcess(pid: number, name: string, uids: string, state = "S (sleeping)") {
  await mkdir(join(proc, String(pid)));
  const status = `Name:\t${name}\nUmask:\t0022\nState:\t${state}\nUid:\t${uids}\nGid:\t0\t0\t0\t0\n`;
  await writeFile(join(proc, String(pid), "status"), status);
}

const ids = (id: number): string => [id, id, id, id].join("\t");

describe("a QEMU", () => {
  test("of the user is found, whatever else runs", async () => {
    await addProcess(1, "systemd", ids(0));
    await addProcess(20, "qemu-system-x86", ids(uid + 1));
    await addProcess(21, "libvirtd", ids(uid));
    expect(await createProcesses(proc).hasQemu(uid)).toBe(false);
    await addProcess(22, "qemu-system-x86", ids(uid));
    expect(await createProcesses(proc).hasQemu(uid)).toBe(true);
  });

  test("counts by any of its user ids, and not by a part of one", async () => {
    await addProcess(22, "qemu-system-x86", `0\t${uid}\t0\t0`);
    expect(await createProcesses(proc).hasQemu(uid)).toBe(true);
    expect(await createProcesses(proc).hasQemu(1000)).toBe(false);
  });

  test("that is dead does not count", async () => {
    await addProcess(22, "qemu-system-x86", ids(uid), "Z (zombie)");
    expect(await createProcesses(proc).hasQemu(uid)).toBe(false);
  });

  test("is looked for among processes that end meanwhile", async () => {
    await mkdir(join(proc, "30"));
    expect(await createProcesses(proc).hasQemu(uid)).toBe(false);
  });
});

test("a node whose processes cannot be seen says nothing of a QEMU", async () => {
  const blind = createProcesses(join(proc, "nowhere"));
  await expect(blind.hasQemu(uid)).rejects.toMatchObject({ reason: "ProcessesUnreadable" });
});
