// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runFile } from "../../core/guest/paths.ts";
import type { PodMount } from "../../ports/pod-mounts.ts";
import { until } from "../../testing/until.ts";
import { systemPodRuntime } from "./pod-runtime.ts";

let pod: PodMount;
let run: string;
let log: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "pod-"));
  pod = { podUid: "pod-1", directory };
  run = join(directory, "run");
  log = join(run, runFile.qemuLog("web-1"));
  await mkdir(dirname(log), { recursive: true });
});

afterEach(() => rm(pod.directory, { recursive: true, force: true }));

describe("a pod", () => {
  test("is ending from the moment on that init says so", async () => {
    expect(await systemPodRuntime.isTerminating(pod)).toBe(false);
    await writeFile(join(run, "terminating"), "");
    expect(await systemPodRuntime.isTerminating(pod)).toBe(true);
  });

  test("that is gone is not ending, has no last word and takes no announcement", async () => {
    await rm(pod.directory, { recursive: true });
    expect(await systemPodRuntime.isTerminating(pod)).toBe(false);
    expect(await systemPodRuntime.lastWord(pod, "web-1")).toBeUndefined();
    await systemPodRuntime.announceShutdown(pod);
    systemPodRuntime.watch(pod, () => {})();
  });

  test("is watched for libvirtd that is ready and for its end, and for nothing else", async () => {
    let calls = 0;
    const unwatch = systemPodRuntime.watch(pod, () => {
      calls += 1;
    });
    await writeFile(join(run, "noise"), "");
    await writeFile(join(run, "ready"), "");
    await until("the watch to tell of it", () => calls > 0);
    unwatch();
    expect(calls).toBeLessThan(4);
  });
});

describe("the metadata of a guest", () => {
  const told = async (text: string): Promise<unknown> => {
    await writeFile(join(run, "metadata-status"), text);
    return systemPodRuntime.metadata(pod);
  };

  test("are ready when the pod's program says so", async () => {
    expect(await systemPodRuntime.metadata(pod)).toEqual({ kind: "waiting", message: undefined });
    expect(await told("waiting Secret a is not there\n")).toEqual({
      kind: "waiting",
      message: "Secret a is not there",
    });
    expect(await told("ready\n")).toEqual({ kind: "ready" });
  });

  test.each([
    "",
    "ready",
    "ready\nready\n",
    "waiting \n",
    "waiting a\u001b[2Jb\n",
    `waiting ${"x".repeat(513)}\n`,
    "x".repeat(100_000),
  ])("are waited for, without a word of why, when the pod's owner put %j there", async (text) => {
    expect(await told(text)).toEqual({ kind: "waiting", message: undefined });
  });

  test("are not read through a link or from a pipe", async () => {
    const path = join(run, "metadata-status");
    await writeFile(join(pod.directory, "other"), "ready\n");
    await symlink(join(pod.directory, "other"), path);
    expect(await systemPodRuntime.metadata(pod)).toMatchObject({ kind: "waiting" });
    await rm(path);
    await promisify(execFile)("mkfifo", [path]);
    expect(await systemPodRuntime.metadata(pod)).toMatchObject({ kind: "waiting" });
  });
});

describe("an announcement", () => {
  test("makes the file and touches it again", async () => {
    const path = join(run, "agent-stops");
    await systemPodRuntime.announceShutdown(pod);
    const first = (await stat(path)).mtimeMs;
    expect(Date.now() - first).toBeLessThan(10_000);
    await systemPodRuntime.announceShutdown(pod);
    expect((await stat(path)).mtimeMs).toBeGreaterThanOrEqual(first);
  });

  test("follows no link and waits for no pipe", async () => {
    const victim = join(pod.directory, "victim");
    await symlink(victim, join(run, "agent-stops"));
    await systemPodRuntime.announceShutdown(pod);
    await expect(stat(victim)).rejects.toThrow("ENOENT");
    await rm(join(run, "agent-stops"));
    await promisify(execFile)("mkfifo", [join(run, "agent-stops")]);
    await systemPodRuntime.announceShutdown(pod);
  });
});

describe("the last word on a domain", () => {
  const started =
    "2026-11-21 07:41:13.150+0000: starting up libvirt version: 11.3.0\n-msg timestamp=on\n";
  const ended = (reason: string): string =>
    `2026-11-21 07:41:23.150+0000: shutting down, reason=${reason}\n`;

  test.each(["shutdown", "crashed", "destroyed"])("is %s as libvirt logged it", async (reason) => {
    await writeFile(log, started + ended("crashed") + started + ended(reason));
    expect(await systemPodRuntime.lastWord(pod, "web-1")).toBe(reason);
  });

  test.each([
    ["there is no log", undefined],
    ["the domain was started since", started + ended("crashed") + started],
    ["the line is not whole", `${started}2026-11-21 07:41:23.150+0000: shutting down, rea`],
    ["somebody wrote nonsense", "\0".repeat(100_000)],
    ["the reason is too long for one", started + ended("x".repeat(99))],
  ])("is unknown when %s", async (_, text) => {
    if (text !== undefined) await writeFile(log, text);
    expect(await systemPodRuntime.lastWord(pod, "web-1")).toBeUndefined();
  });

  test("is read at the end of a log that goes on for long", async () => {
    await writeFile(log, `${"noise\n".repeat(100_000)}${ended("shutdown")}`);
    expect(await systemPodRuntime.lastWord(pod, "web-1")).toBe("shutdown");
  });

  test("is not read through a link or from a pipe", async () => {
    const other = join(pod.directory, "other.log");
    await writeFile(other, ended("shutdown"));
    await symlink(other, log);
    expect(await systemPodRuntime.lastWord(pod, "web-1")).toBeUndefined();
    await rm(log);
    await promisify(execFile)("mkfifo", [log]);
    expect(await systemPodRuntime.lastWord(pod, "web-1")).toBeUndefined();
  });
});
