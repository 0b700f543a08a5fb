// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FakeClock } from "./fake-clock.ts";

describe("the fake clock", () => {
  test("fires in the order of time, and all that follows before what comes next", async () => {
    const clock = new FakeClock();
    const log: string[] = [];
    clock.after(20, () => log.push(`second at ${clock.monotonicMs()}`));
    void (async () => {
      await clock.sleep(10);
      log.push(`first at ${clock.monotonicMs()}`);
      await clock.sleep(5);
      log.push(`then at ${clock.monotonicMs()}`);
    })();
    await clock.advance(100);
    expect(log).toEqual(["first at 10", "then at 15", "second at 20"]);
    expect(clock.monotonicMs()).toBe(100);
    expect(clock.nowMs()).toBe(Date.parse("2026-01-01T00:00:00.100Z"));
  });

  test("lets go of what is cancelled or aborted", async () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.after(10, () => fired.push("cancelled"))();
    const abort = new AbortController();
    const sleeping = clock.sleep(10, abort.signal);
    abort.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    await expect(clock.sleep(10, abort.signal)).rejects.toThrow("enough");
    expect(clock.pending).toBe(0);
    await clock.advance(20);
    expect(fired).toEqual([]);
  });

  test("moves its wall clock apart from the time that passes", async () => {
    const clock = new FakeClock();
    clock.wallOffsetMs = -3_600_000;
    expect(clock.nowMs()).toBe(Date.parse("2025-12-31T23:00:00Z"));
    expect(clock.monotonicMs()).toBe(0);
  });

  test("moves on until something holds, and says when it never will", async () => {
    const clock = new FakeClock();
    let isDone = false;
    clock.after(5_000, () => (isDone = true));
    await clock.advanceUntil(() => isDone);
    expect(clock.monotonicMs()).toBe(5_000);
    await expect(clock.advanceUntil(() => false)).rejects.toThrow("nothing more will happen");
    clock.after(700_000, () => undefined);
    await expect(clock.advanceUntil(() => false)).rejects.toThrow("still not so");
  });
});
