// SPDX-License-Identifier: Apache-2.0
import type { Stats } from "node:fs";
import { lstat, mkdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Devices } from "../../ports/devices.ts";
import { PortError } from "../../ports/errors.ts";
import { lastWords, runCommand } from "./run-command.ts";

const everyone = 0o666;

/** Device files of this machine. */
export const systemDevices: Devices = {
  exists: async (hostPath) =>
    (await stat(hostPath).catch(() => undefined))?.isCharacterDevice() ?? false,

  copy: async (hostPath, path) => {
    try {
      const original = await stat(hostPath);
      if (!original.isCharacterDevice()) throw new Error(`${hostPath} is no character device`);
      const found = await lstat(path).catch(() => undefined);
      if (found !== undefined && isCopy(found, original)) return;
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      await makeNode(path, original.rdev);
    } catch (cause) {
      throw new PortError("DeviceFailed", (cause as Error).message, { cause });
    }
  },
};

function isCopy(found: Stats, original: Stats): boolean {
  const isSameDevice = found.isCharacterDevice() && found.rdev === original.rdev;
  return isSameDevice && (found.mode & 0o777) === everyone;
}

async function makeNode(path: string, rdev: number): Promise<void> {
  // The 32 lower bits of Linux's dev_t: minor 0-7, major 8-19, minor 8-19.
  const major = (rdev >>> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  const mode = `--mode=${everyone.toString(8)}`;
  const argv = ["mknod", mode, "--", path, "c", String(major), String(minor)];
  const result = await runCommand(argv, { timeoutSeconds: 10 });
  if (result.exitCode !== 0) throw new Error(lastWords(result));
}
