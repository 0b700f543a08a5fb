// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { systemClock } from "../clock/system-clock.ts";
import { lockAgent } from "./agent-lock.ts";

let path: string;
let log: FakeLogger;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "agent-lock-")), "agent.lock");
  log = new FakeLogger();
});
afterEach(() => rmSync(join(path, ".."), { recursive: true }));

const lock = (signal = new AbortController().signal) =>
  lockAgent(path, { clock: systemClock, signal, log });

describe("the node's lock for agents", () => {
  test("is free where no agent runs, and after one gave it back", async () => {
    const giveBack = await lock();
    giveBack();
    (await lock())();
    expect(log.lines).toEqual([]);
  });

  test("is waited for while another agent has it, and got when that ends, however it ends", async () => {
    const holder = spawn("flock", ["--exclusive", path, "sh", "-c", "echo held; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    await once(holder.stdout, "data");
    const waiting = lock();
    await expect.poll(() => log.lines.length).toBe(1);
    process.kill(-(holder.pid ?? 0), "SIGKILL");
    const giveBack = await waiting;
    giveBack();
    expect(log.lines).toHaveLength(1);
  });

  test("is not waited for by a process that shall end", async () => {
    const giveBack = await lock();
    const stop = new AbortController();
    const waiting = lock(stop.signal);
    await expect.poll(() => log.lines.length).toBe(1);
    stop.abort(new Error("the process ends"));
    await expect(waiting).rejects.toThrow("the process ends");
    giveBack();
  });

  test("is not handed down to programs that the agent starts", async () => {
    const giveBack = await lock();
    const child = spawn("sleep", ["1000"], { stdio: "ignore" });
    giveBack();
    (await lock())();
    child.kill("SIGKILL");
    expect(log.lines).toEqual([]);
  });
});
