// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { mkdir, open, readFile, rmdir } from "node:fs/promises";
import { PortError } from "../../ports/errors.ts";
import type { Mounts } from "../../ports/mounts.ts";
import { parseMountinfo } from "./mountinfo.ts";
import { lastWords, runCommand } from "./run-command.ts";

const timeoutSeconds = 20;
const restrictions = "nosuid,nodev,noexec";

/** Mounts of this process's mount namespace, by the programs of util-linux. */
export const systemMounts: Mounts = {
  list: async () => parseMountinfo(await readFile("/proc/self/mountinfo", "utf8")),

  mountMemory: async (path, { sizeMib, mode, uid }) => {
    const owner = `mode=${mode.toString(8)},uid=${uid},gid=${uid}`;
    const options = `size=${sizeMib}m,${owner},${restrictions},nosymfollow`;
    await execute(["mount", "-t", "tmpfs", "-o", options, "--", "kilonova", path]);
  },

  // Read-only in the same step: a second one would not reach what the first was propagated to.
  bind: (source, path, access) => {
    const options = `bind,${restrictions}${access === "read-only" ? ",ro" : ""}`;
    return execute(["mount", "-o", options, "--", source, path]);
  },

  bindTree: (source, path) => execute(["mount", "--rbind", "--", source, path]),

  unmount: (path, how) => {
    const options = how === "detach" ? ["--lazy"] : [];
    return execute(["umount", "--no-canonicalize", ...options, "--", path]);
  },

  makeDirectory: (path, { uid, mode }) => attempt(() => makeDirectory(path, uid, mode)),

  removeDirectory: (path) => attempt(() => rmdir(path).catch(unlessCode("ENOENT"))),
};

async function execute(argv: readonly string[]): Promise<void> {
  const result = await runCommand(argv, { timeoutSeconds });
  if (result.exitCode !== 0) throw new PortError("MountFailed", lastWords(result));
}

async function attempt(effect: () => Promise<void>): Promise<void> {
  try {
    await effect();
  } catch (cause) {
    throw new PortError("MountFailed", (cause as Error).message, { cause });
  }
}

/** Owner and mode are set on what was opened, which is a directory and no link to one. */
async function makeDirectory(path: string, uid: number, mode: number): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch(unlessCode("EEXIST"));
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const found = await directory.stat();
    if (found.uid !== uid || found.gid !== uid) await directory.chown(uid, uid);
    if ((found.mode & 0o7777) !== mode) await directory.chmod(mode);
  } finally {
    await directory.close();
  }
}

function unlessCode(code: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code !== code) throw error;
  };
}
