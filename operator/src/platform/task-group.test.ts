// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { runTogether, type Task } from "./task-group.ts";

describe("tasks that run together", () => {
  let clock: FakeClock;
  let log: FakeLogger;
  let stop: AbortController;
  let stopped: string[];

  beforeEach(() => {
    clock = new FakeClock();
    log = new FakeLogger();
    stop = new AbortController();
    stopped = [];
  });

  /** Runs until it is aborted, and then for `windUpMs`. */
  function task(name: string, windUpMs = 0): Task {
    return {
      name,
      async run(signal) {
        if (!signal.aborted) {
          await new Promise((resolve) => {
            signal.addEventListener("abort", resolve, { once: true });
          });
        }
        if (windUpMs > 0) await clock.sleep(windUpMs);
        stopped.push(name);
      },
    };
  }

  function start(...tasks: readonly Task[]): Promise<"stopped" | "failed"> {
    return runTogether(tasks, { signal: stop.signal, graceSeconds: 30, clock, log });
  }

  test("stop together when they are asked to", async () => {
    const outcome = start(task("one"), task("two", 10_000));
    await clock.advance(60_000);
    expect(stopped).toEqual([]);
    stop.abort();
    await clock.advance(10_000);
    expect(await outcome).toBe("stopped");
    expect(stopped).toEqual(["one", "two"]);
    expect(clock.pending).toBe(0);
    expect(log.lines).toEqual([]);
  });

  test("stop together when one throws", async () => {
    const broken: Task = {
      name: "broken",
      async run() {
        await clock.sleep(5_000);
        throw new TypeError("undefined is not a function");
      },
    };
    const outcome = start(task("one"), broken);
    await clock.advance(5_000);
    expect(await outcome).toBe("failed");
    expect(stopped).toEqual(["one"]);
    expect(log.lines).toMatchObject([{ level: "error", task: "broken", message: "task failed" }]);
  });

  test("stop together when one ends by itself", async () => {
    const outcome = start(task("one"), { name: "short", run: () => clock.sleep(5_000) });
    await clock.advance(5_000);
    expect(await outcome).toBe("failed");
    expect(stopped).toEqual(["one"]);
  });

  test("are not waited for beyond their grace", async () => {
    const outcome = start(task("one"), task("stuck", 3_600_000));
    stop.abort();
    await clock.advance(30_000);
    expect(await outcome).toBe("failed");
    expect(log.lines).toMatchObject([{ task: "stuck", message: "task did not stop in time" }]);
  });

  test("that are asked to stop before they begin", async () => {
    stop.abort();
    expect(await start(task("one"))).toBe("stopped");
  });
});
