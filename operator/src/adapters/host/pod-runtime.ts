// SPDX-License-Identifier: Apache-2.0
import { constants, watch } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runFile } from "../../core/guest/paths.ts";
import { PortError } from "../../ports/errors.ts";
import type { PodMount } from "../../ports/pod-mounts.ts";
import type { PodRuntime } from "../../ports/pod-runtime.ts";

/** libvirt writes its reason into the last line, which is short. */
const tailBytes = 1024;
const ending = /^.*: shutting down, reason=([a-z-]{1,32})\n*$/;
/** The program says less; the pod's owner may say anything. */
const waiting = /^waiting ([^\p{C}]{1,512})\n$/u;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
/** The pod may have put a link, a pipe or a socket there. */
const guarded = O_NOFOLLOW | O_NONBLOCK;

/**
 * The runtime directories of server pods as they are mounted on this node: no symbolic link in them is
 * followed, by how they are mounted.
 */
export const systemPodRuntime: PodRuntime = {
  libvirtSocket: (pod) => join(runOf(pod), runFile.libvirtSocket),

  isTerminating: async (pod) => {
    try {
      await lstat(join(runOf(pod), runFile.terminating));
      return true;
    } catch (error) {
      return unlessGone(error, false);
    }
  },

  announceShutdown: async (pod) => {
    try {
      const path = join(runOf(pod), runFile.agentStops);
      const file = await open(path, O_WRONLY | O_CREAT | guarded, 0o644);
      await closing(file, () => {
        const now = new Date();
        return file.utimes(now, now);
      });
    } catch {
      // The pod is gone, or its owner spoilt the file: then init does not hear of us, and asks as well.
    }
  },

  writeLeases: async (pod, text) => {
    const path = join(runOf(pod), runFile.leases);
    const news = `${path}.new`;
    try {
      await rm(news, { force: true });
      const file = await open(news, O_WRONLY | O_CREAT | O_EXCL | guarded, 0o644);
      await closing(file, () => file.writeFile(text));
      await rename(news, path);
    } catch (error) {
      throw new PortError("FileFailed", (error as Error).message, { cause: error });
    }
  },

  lastWord: async (pod, domain) => {
    try {
      const file = await open(join(runOf(pod), runFile.qemuLog(domain)), O_RDONLY | guarded);
      const tail = await closing(file, () => tailOf(file));
      return ending.exec(tail.trimEnd().split("\n").at(-1) ?? "")?.[1];
    } catch {
      // No log, or nothing that can be read as one: nothing is known.
      return undefined;
    }
  },

  metadata: async (pod) => {
    try {
      const file = await open(join(runOf(pod), runFile.metadataStatus), O_RDONLY | guarded);
      const text = await closing(file, () => tailOf(file));
      if (text === "ready\n") return { kind: "ready" };
      return { kind: "waiting", message: waiting.exec(text)?.[1] };
    } catch {
      // Not written yet, or nothing that can be read.
      return { kind: "waiting", message: undefined };
    }
  },

  watch: (pod, handler) => {
    const { ready, terminating, metadataStatus } = runFile;
    const names: readonly (string | null)[] = [ready, terminating, metadataStatus];
    try {
      const watcher = watch(runOf(pod), { persistent: false }, (_, name) => {
        if (names.includes(name)) handler();
      });
      // The directory went with its pod.
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    } catch {
      return () => {};
    }
  },
};

function runOf({ directory }: PodMount): string {
  return join(directory, "run");
}

async function tailOf(file: FileHandle): Promise<string> {
  const stat = await file.stat();
  if (!stat.isFile()) return "";
  const buffer = Buffer.alloc(tailBytes);
  const { bytesRead } = await file.read(buffer, 0, tailBytes, Math.max(0, stat.size - tailBytes));
  return buffer.toString("utf8", 0, bytesRead);
}

async function closing<T>(file: FileHandle, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    await file.close();
  }
}

function unlessGone<T>(error: unknown, value: T): T {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return value;
  throw new PortError("FileFailed", message, { cause: error });
}
