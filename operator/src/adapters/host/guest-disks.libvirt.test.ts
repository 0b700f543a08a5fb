// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestDirectory, imageFile, type NodePaths, nodePaths } from "../../core/guest/paths.ts";
import type { GuestDisks, RootDisk } from "../../ports/guest-disks.ts";
import { type Helper, helperPath } from "../../ports/helper.ts";
import { HelperContainer } from "../../testing/helper-container.ts";
import { emptyQcow2 } from "../../testing/qcow2.ts";
import { createGuestDisks } from "./guest-disks.ts";
import { createGuestFiles } from "./guest-files.ts";
import { createHelper } from "./helper.ts";

const uid = 1_000_700_000;
const digest = `sha256:${"a".repeat(64)}`;
const mib = 2 ** 20;
const limits = { timeoutSeconds: 20, cpuSeconds: 10, memoryMib: 512, fileSizeMib: 1 };

let container: HelperContainer;
let helper: Helper;
let paths: NodePaths;
let disks: GuestDisks;
let disk: RootDisk;
let token = 0;

beforeAll(async () => {
  container = await HelperContainer.start();
  helper = createHelper({ directory: container.directory, uid: container.uid });
  paths = nodePaths(container.base);
  disks = createGuestDisks(paths, helper);
});

afterAll(() => container.close());

beforeEach(async () => {
  token += 1;
  const incarnation = { serverUid: "5e12e12e-0000-4000-8000-000000000001", token };
  const sizeBytes = 128 * mib;
  disk = { incarnation, uid, base: digest, baseFormat: "qcow2", sizeBytes };
  await createGuestFiles(paths).makeDirectory(incarnation, uid);
  await putImage(emptyQcow2(64));
});

async function putImage(bytes: Uint8Array): Promise<void> {
  const path = imageFile(paths.images, digest);
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await writeFile(path, bytes);
  await chmod(path, 0o444);
}

function diskPath(): string {
  return join(guestDirectory(paths.guests, disk.incarnation), "disk.qcow2");
}

describe("an image", () => {
  test("tells its size, and that it refers to nothing", async () => {
    expect(await disks.inspect(digest, "qcow2")).toEqual({
      virtualSizeBytes: 64 * mib,
      hasBackingFile: false,
      hasDataFile: false,
      isEncrypted: false,
    });
  });

  test("that is raw has its own size", async () => {
    await putImage(new Uint8Array(3 * mib));
    expect((await disks.inspect(digest, "raw")).virtualSizeBytes).toBe(3 * mib);
  });

  test("that refers to a file of the node is found out, and the file is not opened", async () => {
    await putImage(emptyQcow2(64, { backingFile: "/etc/shadow" }));
    expect((await disks.inspect(digest, "qcow2")).hasBackingFile).toBe(true);
  });

  test.each([
    ["no qcow2 file at all", Buffer.from("not an image")],
    ["cut off in its header", emptyQcow2(64).subarray(0, 50)],
    ["of a version that nobody knows", withByte(emptyQcow2(64), 7, 9)],
  ])("that is %s is refused in qemu-img's words", async (_, bytes) => {
    await putImage(bytes);
    await expect(disks.inspect(digest, "qcow2")).rejects.toMatchObject({
      reason: "ImageInvalid",
      message: expect.stringMatching(
        /^it cannot be read as qcow2 \((?!Could not open).+\): make an Image that names its real/,
      ) as string,
    });
  });

  test("that is not there is not an invalid one", async () => {
    await rm(imageFile(paths.images, digest));
    await expect(disks.inspect(digest, "qcow2")).rejects.toMatchObject({ reason: "Unavailable" });
  });
});

describe("a root disk", () => {
  test("is an overlay of the size asked for, upon the image as the pod sees it", async () => {
    await disks.createRootDisk(disk);
    const path = `${guestDirectory(helperPath.guests, disk.incarnation)}/disk.qcow2`;
    const argv = ["qemu-img", "info", "--output=json", path];
    const { stdout } = await helper.run(argv, { limits, uid });
    expect(JSON.parse(stdout)).toMatchObject({
      format: "qcow2",
      "virtual-size": 128 * mib,
      "backing-filename": `/data/images/${"a".repeat(64)}`,
      "backing-filename-format": "qcow2",
    });
    expect(await stat(diskPath())).toMatchObject({ uid, gid: uid, nlink: 1 });
  });

  test("is never replaced", async () => {
    await writeFile(diskPath(), "the user's data");
    await expect(disks.createRootDisk(disk)).rejects.toMatchObject({ reason: "AlreadyExists" });
    expect(await readFile(diskPath(), "utf8")).toBe("the user's data");
  });

  test("is made whole when an earlier attempt was cut off", async () => {
    await writeFile(`${diskPath()}.new`, "half");
    await disks.createRootDisk(disk);
    expect((await stat(diskPath())).size).toBeGreaterThan(100_000);
    await expect(stat(`${diskPath()}.new`)).rejects.toThrow("ENOENT");
  });

  test("that cannot be made says why", async () => {
    const incarnation = { ...disk.incarnation, token: 9999 };
    await expect(disks.createRootDisk({ ...disk, incarnation })).rejects.toMatchObject({
      reason: "DiskFailed",
      message: expect.stringContaining("No such file or directory") as string,
    });
  });
});

function withByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index] = value;
  return copy;
}
