// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CommandError, run, tryRun } from "./exec.ts";

test("returns what the program wrote on both streams", async () => {
  const result = await run("sh", ["-c", "echo out; echo err >&2"]);
  expect(result).toMatchObject({ stdout: "out\n", stderr: "err\n" });
});

test("hands the program its input, from memory or from a file", async () => {
  const directory = await mkdtemp(join(tmpdir(), "exec-"));
  await writeFile(join(directory, "input"), "from a file");
  const fromFile = await run("cat", [], { stdinPath: join(directory, "input") });
  const fromMemory = await run("cat", [], { stdin: "from memory" });
  expect([fromFile.stdout, fromMemory.stdout]).toEqual(["from a file", "from memory"]);
  await rm(directory, { recursive: true });
});

test("a program that ignores its input does not fail for that", async () => {
  await expect(run("true", [], { stdin: "x".repeat(1 << 20) })).resolves.toBeDefined();
});

test("adds to the environment and removes from it", async () => {
  const result = await run("sh", ["-c", "echo $COLOUR $HOME"], {
    env: { COLOUR: "blue", HOME: undefined },
  });
  expect(result.stdout).toBe("blue\n");
});

test("a failure names the command, the exit code and the last words", async () => {
  const failure = run("sh", ["-c", "echo no disk >&2; exit 3"]);
  await expect(failure).rejects.toThrow(/^sh -c 'echo no disk >&2; exit 3': exit code 3\nno disk$/);
});

test("a failure without words on stderr quotes stdout", async () => {
  await expect(run("sh", ["-c", "echo here; exit 1"])).rejects.toThrow(/exit code 1\nhere/);
});

test("tryRun returns a failing exit code, and a signal as a shell would", async () => {
  expect((await tryRun("sh", ["-c", "exit 7"])).exitCode).toBe(7);
  expect((await tryRun("sh", ["-c", "kill -9 $$"])).exitCode).toBe(137);
});

test("a program that does not exist is an error by its name", async () => {
  await expect(tryRun("/does/not/exist", [])).rejects.toThrow(CommandError);
});

test("kills a program that takes too long, even when a grandchild holds its output open", async () => {
  const failure = run("sh", ["-c", "sleep 2 & sleep 60"], { timeoutSeconds: 0.1 });
  await expect(failure).rejects.toThrow(/no end within 0.1 s/);
});

test("kills a program that says more than the bound", async () => {
  const failure = run("cat", ["/dev/zero"], { outputBytesMax: 1000 });
  await expect(failure).rejects.toThrow(/wrote more than 1000 bytes/);
});
