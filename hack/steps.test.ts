// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from "vitest";

let said: string;
let steps: typeof import("./steps.ts");

beforeEach(async () => {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  vi.resetModules();
  steps = await import("./steps.ts");
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("a step returns its result and says when it starts and ends", async () => {
  expect(await steps.step("make tea", () => Promise.resolve("tea"))).toBe("tea");
  expect(said).toMatch(/^▸ make tea\n✓ make tea: 0\.\d s\n$/);
});

test("a failed step says so and passes the error on", async () => {
  const failure = steps.step("make tea", () => Promise.reject(new Error("no water")));
  await expect(failure).rejects.toThrow("no water");
  expect(said).toContain("✗ make tea: failed after");
  expect(steps.stepTable()).toMatch(/^make tea {2}0\.\d s {2}failed$/);
});

test("a long step reminds of itself", async () => {
  vi.useFakeTimers();
  const long = steps.step("wait", () => new Promise((resolve) => setTimeout(resolve, 40_000)));
  await vi.advanceTimersByTimeAsync(40_000);
  await long;
  expect(said.match(/… wait: [\d.]+ s so far/g)).toHaveLength(2);
});

test("a step inside speaks for the one around it", async () => {
  vi.useFakeTimers();
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20_000));
  const outer = steps.step("outer", () => steps.step("inner", pause));
  await vi.advanceTimersByTimeAsync(20_000);
  await outer;
  expect(said.match(/… .*: /g)).toEqual(["… inner: "]);
});

test("the table indents nested steps, also when parents run side by side", async () => {
  const parent = (name: string) =>
    steps.step(name, () => steps.step(`inside ${name}`, () => Promise.resolve()));
  await Promise.all([parent("a"), parent("b")]);
  const titles = steps
    .stepTable()
    .split("\n")
    .map((line) => line.replace(/ {2,}[\d.]+ s$/, ""));
  expect(titles).toEqual(["a", "  inside a", "b", "  inside b"]);
});

test("time is told in seconds and, from a minute on, in minutes", () => {
  expect([0.04, 59.9, 60, 185.4].map(steps.formatSeconds)).toEqual([
    "0.0 s",
    "59.9 s",
    "1 min 0 s",
    "3 min 5 s",
  ]);
});
