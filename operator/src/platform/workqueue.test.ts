// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { WorkQueue } from "./workqueue.ts";

describe("a work queue", () => {
  let clock: FakeClock;
  let queue: WorkQueue;
  beforeEach(() => {
    clock = new FakeClock();
    queue = new WorkQueue({ clock });
  });

  test("hands keys out in the order in which they came, each once", async () => {
    for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
    expect(queue.depth).toBe(3);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["a", "b", "c"]);
    expect(queue.depth).toBe(0);
  });

  test("hands a key to a worker that waits", async () => {
    const taken = queue.take();
    queue.add("a");
    expect(await taken).toBe("a");
  });

  test("keeps a key that comes back while it is worked on until the work is done", async () => {
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.add("a");
    queue.add("b");
    expect(await queue.take()).toBe("b");
    queue.done("a");
    expect(await queue.take()).toBe("a");
    queue.done("a");
    expect(queue.depth).toBe(0);
  });

  test("puts a key that comes back behind those that wait", async () => {
    queue.add("a");
    await queue.take();
    for (const key of ["a", "b"]) queue.add(key);
    queue.done("a");
    expect([await queue.take(), await queue.take()]).toEqual(["b", "a"]);
  });

  test("lets prompt and patient keys take turns, each in their order", async () => {
    for (const key of ["p1", "p2", "p3"]) queue.add(key, "patient");
    for (const key of ["a", "b"]) queue.add(key);
    const taken = [];
    for (let count = queue.depth; count > 0; count -= 1) taken.push(await queue.take());
    expect(taken).toEqual(["a", "p1", "b", "p2", "p3"]);
  });

  test("serves a patient key as a prompt one once it is added as such, and never the other way", async () => {
    for (const key of ["p1", "p2"]) queue.add(key, "patient");
    queue.add("p2");
    queue.add("p2", "patient");
    expect(queue.depth).toBe(2);
    expect(await queue.take()).toBe("p2");
    queue.add("p2", "prompt");
    queue.add("p2", "patient");
    queue.done("p2");
    queue.add("p3", "patient");
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual([
      "p1",
      "p2",
      "p3",
    ]);
  });

  test("asks for the lane of a key when it is added, and again when its delay is over", async () => {
    const waiting = new Set(["p1", "p2"]);
    queue = new WorkQueue({ clock, laneOf: (key) => (waiting.has(key) ? "patient" : "prompt") });
    for (const key of ["p1", "p2", "a", "b"]) queue.addAfter(key, 1000);
    waiting.delete("p2");
    await clock.advance(1000);
    queue.add("c");
    const taken = [];
    for (let count = queue.depth; count > 0; count -= 1) taken.push(await queue.take());
    expect(taken).toEqual(["p2", "p1", "a", "b", "c"]);
  });

  test("holds a delayed key back until its time", async () => {
    queue.addAfter("a", 1000);
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });

  test("takes the earliest of several delays", async () => {
    queue.addAfter("a", 5000);
    queue.addAfter("a", 1000);
    queue.addAfter("a", 3000);
    await clock.advance(1000);
    expect(await queue.take()).toBe("a");
    queue.done("a");
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
  });

  test("works on a delayed key that is added without delay at once", async () => {
    queue.addAfter("a", 5000);
    queue.add("a");
    expect(await queue.take()).toBe("a");
  });

  test("does not wait longer than a day", async () => {
    queue.addAfter("a", Number.MAX_SAFE_INTEGER);
    await clock.advance(24 * 60 * 60 * 1000);
    expect(queue.depth).toBe(1);
  });

  test("refuses keys beyond its bound, delayed ones included", async () => {
    const small = new WorkQueue({ clock, keysMax: 2 });
    expect([small.add("a"), small.addAfter("b", 10)]).toEqual([true, true]);
    expect([small.add("c"), small.addAfter("d", 10)]).toEqual([false, false]);
    expect(small.add("a")).toBe(true);
    await small.take();
    small.done("a");
    expect(small.add("c")).toBe(true);
  });

  test("lets go of workers and timers when it is closed", async () => {
    const taken = queue.take();
    queue.addAfter("a", 1000);
    queue.close();
    expect(await taken).toBeUndefined();
    expect(await queue.take()).toBeUndefined();
    expect(queue.add("b")).toBe(false);
    expect(queue.addAfter("b", 1)).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
