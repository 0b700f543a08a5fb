// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { type PortError, Refused } from "../../ports/errors.ts";
import type { DownloadRequest } from "../http/image-download.ts";

/** A download under way in a process of its own. */
export interface ImageChild {
  readonly bytes: Readable;
  /** Resolves when it ended well. Throws Refused with the reason that it gives. */
  readonly ended: Promise<void>;
  kill(): void;
}

/** Debian's `nobody`: the owner of no file. */
const uid = 65_534;
const cpuSeconds = 3600;
const memoryMib = 1024;
const openFilesMax = 64;
const mib = 2 ** 20;
const reportSchema = z.object({
  reason: z.enum(["ImageFetchFailed", "ImageSourceRefused"]),
  message: z.string().max(4096),
});

/** Modules that the image brings compiled need no compiler, which takes most of the child's memory. */
const { NODE_COMPILE_CACHE } = process.env;
const compileCache = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** It may open connections and write to the pipe that it was given, and nothing else. */
const confined: readonly [string, ...string[]] = [
  "prlimit",
  ...["--fsize=0", "--core=0", `--cpu=${cpuSeconds}`],
  ...[`--data=${memoryMib * mib}`, `--nofile=${openFilesMax}`, "--"],
  "setpriv",
  ...[`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--no-new-privs"],
  ...["--inh-caps=-all", "--bounding-set=-all", "--"],
];

/** Starts `program`, a script that fetches what it reads from its standard input. */
export function startImageChild(program: string, request: DownloadRequest): ImageChild {
  const [command, ...args] = [...confined, process.execPath, program] as const;
  const child = spawn(command, args, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...compileCache },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  // A child that ended before it read all says why by other means.
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify(request));
  return { bytes: child.stdout, ended: endOf(child, child.stderr), kill: () => kill(child) };
}

async function endOf(child: ChildProcess, stderr: Readable): Promise<void> {
  const [said, [code, signal]] = await Promise.all([text(stderr), once(child, "close")]);
  if (code !== 0) throw errorOf(said, code === null ? `was ended by ${signal}` : "failed");
}

function errorOf(said: string, how: string): PortError {
  try {
    const { reason, message } = reportSchema.parse(JSON.parse(said));
    return new Refused(reason, message);
  } catch {
    return new Refused("ImageFetchFailed", `the download ${how}: ${said.slice(-300)}`);
  }
}

function kill({ pid, exitCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
