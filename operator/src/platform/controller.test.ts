// SPDX-License-Identifier: Apache-2.0
import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import { Conflict, NotFound, Unavailable } from "../ports/errors.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { Controller, type Pass, type ReconcileResult } from "./controller.ts";
import { Metrics } from "./metrics.ts";

const done: ReconcileResult = { kind: "done" };

describe("a controller", () => {
  let clock: FakeClock;
  let log: FakeLogger;
  let metrics: Metrics;
  let stop: AbortController;
  let running: Promise<void>;
  let passesMs: number[];

  beforeEach(() => {
    clock = new FakeClock();
    log = new FakeLogger();
    metrics = new Metrics();
    stop = new AbortController();
    passesMs = [];
  });
  afterEach(async () => {
    stop.abort();
    await running;
    assert.equal(clock.pending, 0);
  });

  /** A controller whose passes are written down. */
  function start(
    reconcile: (key: string, pass: Pass) => ReconcileResult | Promise<ReconcileResult>,
  ): Controller {
    const controller = new Controller({
      name: "servers",
      workers: 2,
      clock,
      random: new SeededRandom(1),
      log,
      metrics,
      reconcile: async (key, pass) => {
        passesMs.push(clock.monotonicMs());
        return reconcile(key, pass);
      },
    });
    running = controller.run(stop.signal);
    return controller;
  }

  test("makes one pass for a key that is done", async () => {
    start(() => done).enqueue("a");
    await clock.advance(3_600_000);
    expect(passesMs).toEqual([0]);
  });

  test("makes another pass after the time that the last one asked for", async () => {
    const results: ReconcileResult[] = [{ kind: "again", afterSeconds: 30 }, done];
    start(() => results.shift() ?? done).enqueue("a");
    await clock.advance(3_600_000);
    expect(passesMs).toEqual([0, 30_000]);
  });

  test("delays a pass that is asked for later", async () => {
    start(() => done).enqueue("a", { afterSeconds: 5 });
    await clock.advance(10_000);
    expect(passesMs).toEqual([5_000]);
  });

  test("repeats at once what conflicted, a few times", async () => {
    let failures = 3;
    start(() => {
      failures -= 1;
      if (failures >= 0) throw new Conflict("changed");
      return done;
    }).enqueue("a");
    await clock.advance(0);
    expect(passesMs).toEqual([0, 0, 0, 0]);
  });

  test("backs off when conflicts do not end", async () => {
    start(() => {
      throw new Conflict("changed");
    }).enqueue("a");
    await clock.advance(0);
    expect(passesMs).toHaveLength(6);
    await clock.advance(60_000);
    expect(passesMs.length).toBeLessThan(20);
  });

  test("backs off from 50 ms to a minute, and begins anew after a success", async () => {
    let isBroken = true;
    const controller = start(() => {
      if (isBroken) throw new Unavailable("down");
      return done;
    });
    controller.enqueue("a");
    await clock.advance(600_000);
    const gaps = passesMs.slice(1).map((ms, index) => ms - (passesMs[index] ?? 0));
    expect(gaps[0]).toBeLessThanOrEqual(50);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000);
    isBroken = false;
    await clock.advance(60_000);
    isBroken = true;
    passesMs = [];
    controller.enqueue("a");
    await clock.advance(50);
    expect(passesMs).toHaveLength(2);
  });

  test("is as patient as the other side asks", async () => {
    start(() => {
      if (passesMs.length === 1) throw new Unavailable("busy", undefined, 7);
      return done;
    }).enqueue("a");
    await clock.advance(60_000);
    expect(passesMs).toEqual([0, 7_000]);
  });

  test("forgets a key that can never succeed, until somebody asks again", async () => {
    const controller = start(() => {
      throw new NotFound("gone");
    });
    controller.enqueue("a");
    await clock.advance(3_600_000);
    expect(passesMs).toHaveLength(1);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: "error", message: "pass refused for good", key: "a" }),
    );
    controller.enqueue("a");
    await clock.advance(0);
    expect(passesMs).toHaveLength(2);
  });

  test("logs a bug, tries again, and goes on with the other keys", async () => {
    const seen: string[] = [];
    const controller = start((key) => {
      seen.push(key);
      if (key === "broken") throw new TypeError("undefined is not a function");
      return done;
    });
    for (const key of ["broken", "a", "b"]) controller.enqueue(key);
    await clock.advance(1_000);
    expect(seen).toEqual(expect.arrayContaining(["a", "b"]));
    expect(seen.filter((key) => key === "broken").length).toBeGreaterThan(1);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: "error", message: "pass failed by a bug", key: "broken" }),
    );
  });

  test("works at once on what was enqueued while it failed", async () => {
    const controller = start(() => {
      if (passesMs.length < 4) throw new Unavailable("down");
      return done;
    });
    controller.enqueue("a");
    await clock.advance(10);
    controller.enqueue("a");
    await clock.advance(0);
    expect(passesMs).toEqual([0, 10]);
  });

  test("stops after the passes under way, and tells them", async () => {
    const signals: AbortSignal[] = [];
    const controller = start(async (_key, { signal }) => {
      signals.push(signal);
      await clock.sleep(1_000);
      return done;
    });
    for (const key of ["a", "b", "c"]) controller.enqueue(key);
    await clock.advance(10);
    stop.abort();
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
    let hasEnded = false;
    void running.then(() => (hasEnded = true));
    await clock.advance(980);
    expect(hasEnded).toBe(false);
    await clock.advance(20);
    expect(hasEnded).toBe(true);
    expect(passesMs).toHaveLength(2);
  });

  test("measures passes and keys that wait", async () => {
    const controller = start(async () => {
      await clock.sleep(1_000);
      return done;
    });
    for (const key of ["a", "b", "c"]) controller.enqueue(key);
    await clock.advance(10);
    expect(await metrics.text()).toContain('kilonova_workqueue_depth{controller="servers"} 1');
    await clock.advance(5_000);
    const text = await metrics.text();
    expect(text).toContain(
      'kilonova_reconcile_duration_seconds_count{controller="servers",outcome="done"} 3',
    );
    expect(text).toContain('kilonova_workqueue_depth{controller="servers"} 0');
  });
});
