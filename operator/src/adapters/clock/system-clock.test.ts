// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { systemClock } from "./system-clock.ts";
import { systemRandom } from "./system-random.ts";

describe("the system's clock", () => {
  test("sleeps as long as it is told, by the time that never goes back", async () => {
    const startMs = systemClock.monotonicMs();
    await systemClock.sleep(20);
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
  });

  test("wakes with the signal's own reason", async () => {
    const reason = new Error("enough");
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const sleeping = systemClock.sleep(60_000, abort.signal);
    abort.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });

  test("calls back once, unless it is cancelled", async () => {
    const called: string[] = [];
    systemClock.after(5, () => called.push("kept"));
    systemClock.after(5, () => called.push("cancelled"))();
    await systemClock.sleep(30);
    expect(called).toEqual(["kept"]);
  });

  test("refuses to wait for longer than Node can", async () => {
    await expect(systemClock.sleep(2 ** 31)).rejects.toThrow(RangeError);
    expect(() => systemClock.after(2 ** 31, () => undefined)).toThrow(RangeError);
  });
});

describe("the system's chance", () => {
  test("gives fractions and uuids", () => {
    const fraction = systemRandom.fraction();
    expect(fraction).toBeGreaterThanOrEqual(0);
    expect(fraction).toBeLessThan(1);
    expect(systemRandom.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  });
});
