// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../testing/until.ts";
import { tryLockAgent } from "./agent-lock.ts";

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "agent-lock-")), "agent.lock");
});
afterEach(() => rmSync(join(path, ".."), { recursive: true }));

describe("the node's lock for agents", () => {
  test("is held by one agent at a time", async () => {
    const lock = await tryLockAgent(path);
    expect(lock).toBeDefined();
    expect(await tryLockAgent(path)).toBeUndefined();
    lock?.release();
    const next = await tryLockAgent(path);
    expect(next).toBeDefined();
    next?.release();
  });

  test("goes with the process that held it, however that ended", async () => {
    const holder = spawn("flock", ["--exclusive", path, "sh", "-c", "echo held; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    await once(holder.stdout, "data");
    expect(await tryLockAgent(path)).toBeUndefined();
    process.kill(-(holder.pid ?? 0), "SIGKILL");
    await once(holder, "exit");
    let lock: Awaited<ReturnType<typeof tryLockAgent>>;
    await until("the lock is free", async () => {
      lock = await tryLockAgent(path);
      return lock !== undefined;
    });
    lock?.release();
    expect(lock).toBeDefined();
  });

  test("is not handed down to programs that the agent starts", async () => {
    const lock = await tryLockAgent(path);
    const child = spawn("sleep", ["1000"], { stdio: "ignore" });
    lock?.release();
    const next = await tryLockAgent(path);
    child.kill("SIGKILL");
    expect(next).toBeDefined();
    next?.release();
  });
});
