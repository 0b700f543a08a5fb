// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { withLock } from "./lock.ts";

const lockModule = fileURLToPath(new URL("lock.ts", import.meta.url));

test("two holders of one name take turns", async () => {
  const events: string[] = [];
  const visit = (name: string) => async () => {
    events.push(`${name} in`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    events.push(`${name} out`);
  };
  const name = `test-turns-${process.pid}`;
  await Promise.all([withLock(name, visit("a")), withLock(name, visit("b"))]);
  expect(events).toHaveLength(4);
  expect(events[0]?.slice(0, 1)).toBe(events[1]?.slice(0, 1));
});

test("the lock is free again after its holder failed", async () => {
  const name = `test-failure-${process.pid}`;
  await expect(withLock(name, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(withLock(name, () => Promise.resolve("yes"))).resolves.toBe("yes");
});

test("the lock of a killed process is free", async () => {
  const name = `test-killed-${process.pid}`;
  const script = `
    import { withLock } from ${JSON.stringify(lockModule)};
    await withLock(${JSON.stringify(name)}, () => { console.log("held"); return new Promise(() => {}); });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await expect(withLock(name, () => Promise.resolve("mine"))).resolves.toBe("mine");
});
