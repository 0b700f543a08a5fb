// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../../core/lib/assert.ts";
import { Unavailable } from "../../ports/errors.ts";
import type { CommandLimits, Helper } from "../../ports/helper.ts";
import { runCommand } from "./run-command.ts";

export interface HelperOptions {
  /** The helper's runtime directory as the agent sees it: the helper may write there, nobody else. */
  readonly directory: string;
  /** User and group id of the helper. */
  readonly uid: number;
}

/** Every guest image has this file, and no other image has it. */
const imageMark = "etc/kilonova/guest-image";
const pidBytesMax = 16;
const mib = 2 ** 20;

/**
 * Runs commands in the helper's mount namespace. They are bounded before they start there, and
 * powerless: another user than root, no capability and none to be gained, no network.
 */
export function createHelper({ directory, uid }: HelperOptions): Helper {
  return {
    libvirtSocket: join(directory, "libvirt/libvirt-sock"),
    run: async (argv, options) => {
      const user = options.uid ?? uid;
      assert(user > 0, "commands in the helper never run as root");
      const pid = await findHelper(join(directory, "libvirt/libvirtd.pid"), uid);
      const { limits } = options;
      const confined = [...limited(limits), ...powerless, ...inside(pid, user)];
      return runCommand([...confined, ...argv], { timeoutSeconds: limits.timeoutSeconds });
    },
  };
}

/** Before all else, so that the limits hold for every program that follows. */
function limited({ cpuSeconds, memoryMib, fileSizeMib }: CommandLimits): string[] {
  return [
    "prlimit",
    `--cpu=${cpuSeconds}`,
    `--as=${memoryMib * mib}`,
    `--fsize=${fileSizeMib * mib}`,
    "--core=0",
    "--",
  ];
}

/** What cannot be gained any more when the helper's own files are first looked at. */
const powerless = [
  ...["unshare", "--net", "--ipc", "--"],
  ...["setpriv", "--no-new-privs", "--inh-caps=-all", "--"],
];

/** The change of user takes the remaining capabilities, before the helper's program starts. */
function inside(pid: number, uid: number): string[] {
  return ["nsenter", `--target=${pid}`, "--mount", `--setgid=${uid}`, `--setuid=${uid}`, "--"];
}

/**
 * The number of a process in the helper. The helper wrote it, and may lie: only a process of its own
 * user, in a root file system of the guest image, is taken.
 */
async function findHelper(pidFile: string, uid: number): Promise<number> {
  try {
    const pid = Number(await readShort(pidFile));
    if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error("the helper's pid file is damaged");
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const isItsUser = new RegExp(`^Uid:\\s${uid}\\s${uid}\\s${uid}\\s${uid}$`, "m").test(status);
    if (!isItsUser) throw new Error(`the process ${pid} is not the helper's`);
    await readFile(`/proc/${pid}/root/${imageMark}`);
    return pid;
  } catch (cause) {
    throw new Unavailable("the helper container is not up", cause);
  }
}

/** Reads a file that somebody else may have replaced by a link, a pipe or something endless. */
async function readShort(path: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(pidBytesMax), 0, pidBytesMax, 0);
    return buffer.toString("latin1", 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}
