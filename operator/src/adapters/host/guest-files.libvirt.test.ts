// SPDX-License-Identifier: Apache-2.0
/** Needs root: guests' directories belong to other users. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  baseDirectory,
  guestDirectory,
  imageFile,
  type NodePaths,
  nodePaths,
  orphanDirectory,
  removedDirectory,
  serverDirectory,
} from "../../core/guest/paths.ts";
import type { GuestFiles } from "../../ports/guest-files.ts";
import { createGuestFiles } from "./guest-files.ts";

const uid = 1_000_700_000;
const incarnation = { serverUid: "5e12e12e-0000-4000-8000-000000000001", token: 7 };
const orphan = { ...incarnation, sinceSeconds: 1_767_225_600 };
const record = {
  namespace: "team",
  name: "web-5e12e-7",
  guestUid: "uid",
  imageDigest: `sha256:${"a".repeat(64)}`,
  boot: { number: 3, hostBootId: "boot", podUid: "pod" },
};

let base: string;
let paths: NodePaths;
let files: GuestFiles;
let directory: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "guests-"));
  paths = nodePaths(join(base, "kilonova"));
  for (const path of [paths.guests, paths.images, paths.bases]) {
    await mkdir(path, { recursive: true });
  }
  files = createGuestFiles(paths);
  directory = guestDirectory(paths.guests, incarnation);
});

afterEach(() => rm(base, { recursive: true }));

async function addDisk(): Promise<void> {
  await files.makeDirectory(incarnation, uid);
  await writeFile(join(directory, "disk.qcow2"), "data");
}

describe("a guest's directory", () => {
  test("belongs to the guest's user alone, and is found by nobody who does not know it", async () => {
    await files.makeDirectory(incarnation, uid);
    await files.makeDirectory(incarnation, uid);
    expect(await stat(directory)).toMatchObject({ uid, gid: uid });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const parent = serverDirectory(paths.guests, incarnation.serverUid);
    expect((await stat(parent)).mode & 0o777).toBe(0o711);
  });

  test("is found with what is in it", async () => {
    expect(await files.find(incarnation)).toEqual({ hasDirectory: false, hasDisk: false });
    await files.makeDirectory(incarnation, uid);
    expect(await files.find(incarnation)).toEqual({ hasDirectory: true, hasDisk: false });
    await addDisk();
    expect(await files.find(incarnation)).toEqual({ hasDirectory: true, hasDisk: true });
    expect(await files.list()).toEqual([incarnation]);
  });

  test("has a disk also when the guest's owner put something else in its place", async () => {
    await files.makeDirectory(incarnation, uid);
    await symlink("/nowhere", join(directory, "disk.qcow2"));
    expect((await files.find(incarnation)).hasDisk).toBe(true);
  });

  test("takes the domain's XML, and follows no link for it", async () => {
    const victim = join(base, "victim");
    await writeFile(victim, "data");
    await files.makeDirectory(incarnation, uid);
    await symlink(victim, join(directory, "domain.xml"));
    await symlink(victim, join(directory, "domain.xml.new"));
    await files.writeDomainXml(incarnation, "<domain/>");
    expect(await readFile(join(directory, "domain.xml"), "utf8")).toBe("<domain/>");
    expect(await readFile(victim, "utf8")).toBe("data");
  });
});

describe("a base image", () => {
  const digest = record.imageDigest;
  const bases = () => baseDirectory(paths.bases, incarnation);

  test("is the cache's own file, shown once however often it is asked for", async () => {
    await writeFile(imageFile(paths.images, digest), "base", { mode: 0o444 });
    await files.showBase(incarnation, digest);
    await files.showBase(incarnation, digest);
    expect(await readdir(bases())).toEqual(["a".repeat(64)]);
    const [shown, cached] = await Promise.all([
      stat(imageFile(bases(), digest)),
      stat(imageFile(paths.images, digest)),
    ]);
    expect([shown.ino, shown.mode & 0o777]).toEqual([cached.ino, 0o444]);
  });

  test("stays with the guest when the cache lets it go, and goes with the guest", async () => {
    await addDisk();
    await writeFile(imageFile(paths.images, digest), "base");
    await files.showBase(incarnation, digest);
    await rm(imageFile(paths.images, digest));
    expect(await readFile(imageFile(bases(), digest), "utf8")).toBe("base");
    await files.remove(incarnation);
    expect(await readdir(paths.bases)).toEqual([]);
  });

  test("that the cache does not have is not shown", async () => {
    await expect(files.showBase(incarnation, digest)).rejects.toThrow("ENOENT");
    expect(await readdir(bases())).toEqual([]);
  });

  test("stays with an orphan's disk, and goes when that is destroyed", async () => {
    await addDisk();
    await writeFile(imageFile(paths.images, digest), "base");
    await files.showBase(incarnation, digest);
    await files.setAside(orphan);
    expect(await readdir(bases())).toHaveLength(1);
    await files.destroyOrphan(orphan);
    expect(await readdir(paths.bases)).toEqual([]);
  });

  test("stays with a guest that was made anew beside its orphan", async () => {
    await addDisk();
    await writeFile(imageFile(paths.images, digest), "base");
    await files.setAside(orphan);
    await files.makeDirectory(incarnation, uid);
    await files.showBase(incarnation, digest);
    await files.destroyOrphan(orphan);
    expect(await readdir(bases())).toHaveLength(1);
  });
});

describe("a record", () => {
  test("is kept beside the directory, where the pod cannot reach it", async () => {
    expect(await files.readRecord(incarnation)).toBeUndefined();
    await files.writeRecord(incarnation, record);
    expect(await files.readRecord(incarnation)).toEqual(record);
    expect(await files.list()).toEqual([incarnation]);
    expect(await files.find(incarnation)).toEqual({ hasDirectory: false, hasDisk: false });
  });

  test.each(['{"namespace":', "{}"])("that is damaged is not guessed at: %s", async (text) => {
    await files.writeRecord(incarnation, record);
    await writeFile(`${directory}.json`, text);
    const damage = { reason: "RecordDamaged", message: expect.stringContaining(directory) };
    await expect(files.readRecord(incarnation)).rejects.toMatchObject(damage);
  });
});

describe("a removal", () => {
  test("leaves nothing, follows no link, and may be done again", async () => {
    const victim = join(base, "victim");
    await mkdir(join(victim, "deep"), { recursive: true });
    await addDisk();
    await symlink(victim, join(directory, "link"));
    await files.writeRecord(incarnation, record);
    await files.remove(incarnation);
    await files.remove(incarnation);
    expect(await readdir(paths.guests)).toEqual([]);
    expect(await readdir(victim)).toEqual(["deep"]);
  });

  test("leaves other incarnations of the server alone", async () => {
    await addDisk();
    const next = { ...incarnation, token: 8 };
    await files.makeDirectory(next, uid);
    await files.remove(incarnation);
    expect(await files.list()).toEqual([next]);
  });

  test("that was cut off is finished, and nothing else is", async () => {
    const next = { ...incarnation, token: 8 };
    await files.makeDirectory(next, uid);
    const half = removedDirectory(paths.guests, incarnation);
    await mkdir(join(half, "deep"), { recursive: true });
    expect(await files.list()).toEqual([next]);
    await files.finishRemovals();
    expect(await readdir(serverDirectory(paths.guests, incarnation.serverUid))).toEqual(["8"]);
  });
});

describe("an orphan", () => {
  test("keeps its disk and its record where nobody starts it", async () => {
    await addDisk();
    await files.writeRecord(incarnation, record);
    await files.setAside(orphan);
    await files.setAside(orphan);
    expect(await files.list()).toEqual([]);
    expect(await files.listOrphans()).toEqual([orphan]);
    expect(await files.readOrphanRecord(orphan)).toEqual(record);
    const disk = join(orphanDirectory(paths.orphans, orphan), "disk.qcow2");
    expect(await readFile(disk, "utf8")).toBe("data");
  });

  test("that was half set aside when the agent was killed stays one", async () => {
    await addDisk();
    await files.setAside(orphan);
    await files.writeRecord(incarnation, record);
    await files.setAside({ ...orphan, sinceSeconds: orphan.sinceSeconds + 60 });
    expect(await files.listOrphans()).toEqual([orphan]);
    expect(await files.readOrphanRecord(orphan)).toEqual(record);
    expect(await files.list()).toEqual([]);
  });

  test("is destroyed with its record", async () => {
    await addDisk();
    await files.writeRecord(incarnation, record);
    await files.setAside(orphan);
    await files.destroyOrphan(orphan);
    expect(await readdir(paths.orphans)).toEqual([]);
  });
});
