// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { PortError, TimedOut } from "../../ports/errors.ts";
import { lastWords, runCommand } from "./run-command.ts";

const limits = { timeoutSeconds: 10 };

describe("a command", () => {
  test("gives what it wrote and how it ended", async () => {
    const result = await runCommand(["sh", "-c", "echo out; echo err >&2; exit 3"], limits);
    expect(result).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
    expect(lastWords(result)).toBe("err");
  });

  test("gets its arguments as they are, no input and none of the agent's environment", async () => {
    process.env["KILONOVA_TEST_SECRET"] = "x";
    const { stdout } = await runCommand(
      ["sh", "-c", 'cat; echo "$0"; env; pwd', "$(id) *"],
      limits,
    );
    delete process.env["KILONOVA_TEST_SECRET"];
    expect(stdout).toContain("$(id) *\n");
    expect(stdout).not.toContain("KILONOVA_TEST_SECRET");
    expect(stdout).toMatch(/^\/$/m);
  });

  test("that a signal ended has 128 and the signal's number", async () => {
    expect((await runCommand(["sh", "-c", "kill -9 $$"], limits)).exitCode).toBe(137);
  });

  test("that takes too long is killed with all that it started", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "run-command-")), "pid");
    const script = 'sleep 1000 & echo $! > "$0"; wait';
    const command = runCommand(["sh", "-c", script, file], { timeoutSeconds: 0.3 });
    await expect(command).rejects.toBeInstanceOf(TimedOut);
    const pid = Number(readFileSync(file, "utf8"));
    rmSync(dirname(file), { recursive: true });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test("that says too much is killed", async () => {
    const flood = runCommand(["sh", "-c", "yes"], { ...limits, outputBytesMax: 1000 });
    await expect(flood).rejects.toMatchObject({ reason: "CommandFailed" });
  });

  test("that does not exist is a typed error", async () => {
    await expect(runCommand(["/nowhere/at/all"], limits)).rejects.toBeInstanceOf(PortError);
  });
});

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
