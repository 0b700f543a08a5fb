// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { identify, isAlive, parseStat } from "./process-identity.ts";

test("reads state and start time past a program name with blanks and parentheses", () => {
  const name = "(a b) S 1 (c)";
  const fields = Array.from({ length: 40 }, (_, index) => `${index + 4}`);
  expect(parseStat(`4711 (${name}) R ${fields.join(" ")}`)).toEqual({
    state: "R",
    startTicks: "22",
  });
});

test("a text that is no stat file is refused", () => {
  expect(() => parseStat("4711 (sh) R 1")).toThrow("not a stat file");
});

test("a running process is alive, and one of its number that started at another time is not", () => {
  const self = identify(process.pid);
  expect(self && isAlive(self)).toBe(true);
  expect(isAlive({ pid: process.pid, startTicks: "1" })).toBe(false);
});

test("a process that ended is not alive", async () => {
  const child = spawn("sleep", ["60"]);
  const identity = identify(child.pid ?? 0);
  expect(identity).toBeDefined();
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(identity && isAlive(identity)).toBe(false);
});
