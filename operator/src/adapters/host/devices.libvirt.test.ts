// SPDX-License-Identifier: Apache-2.0
/** Device files for real: needs root. */
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemDevices } from "./devices.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "devices-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a device file of the agent's own", () => {
  test("is the same device as the host's, for every user", async () => {
    const path = join(directory, "new/zero");
    await systemDevices.copy("/dev/zero", path);
    const { rdev, mode } = lstatSync(path);
    expect(rdev).toBe(statSync("/dev/zero").rdev);
    expect(mode & 0o777).toBe(0o666);
    const made = lstatSync(path).ino;
    await systemDevices.copy("/dev/zero", path);
    expect(lstatSync(path).ino).toBe(made);
  });

  test("replaces what stands there and is something else", async () => {
    const path = join(directory, "null");
    writeFileSync(path, "no device");
    await systemDevices.copy("/dev/null", path);
    expect(readFileSync(path, "utf8")).toBe("");
    await systemDevices.copy("/dev/zero", path);
    expect(lstatSync(path).rdev).toBe(statSync("/dev/zero").rdev);
  });

  test("is made of character devices alone", async () => {
    expect(await systemDevices.exists("/dev/zero")).toBe(true);
    expect(await systemDevices.exists("/dev/no-such-device")).toBe(false);
    expect(await systemDevices.exists("/etc/passwd")).toBe(false);
    const copying = systemDevices.copy("/etc/passwd", join(directory, "x"));
    await expect(copying).rejects.toMatchObject({ reason: "DeviceFailed" });
  });
});
