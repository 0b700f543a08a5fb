// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemNodeFiles } from "./node-files.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "node-files-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a file of the agent's own", () => {
  test("holds what was written last, and is not there before or after", async () => {
    const path = join(directory, "new/place/file");
    expect(await systemNodeFiles.read(path)).toBeUndefined();
    await systemNodeFiles.write(path, "one");
    await systemNodeFiles.write(path, "two");
    expect(await systemNodeFiles.read(path)).toBe("two");
    await systemNodeFiles.remove(path);
    await systemNodeFiles.remove(path);
    expect(await systemNodeFiles.read(path)).toBeUndefined();
  });

  test("is listed under its name, and what a killed process left half written is not", async () => {
    await systemNodeFiles.write(join(directory, "a"), "text");
    writeFileSync(join(directory, "b.unfinished"), "hal");
    expect(await systemNodeFiles.list(directory)).toEqual(["a"]);
    await systemNodeFiles.write(join(directory, "b"), "whole");
    expect(readdirSync(directory).toSorted()).toEqual(["a", "b"]);
    expect(await systemNodeFiles.list(join(directory, "nowhere"))).toEqual([]);
  });

  test("that cannot be written is a typed error", async () => {
    await systemNodeFiles.write(join(directory, "a"), "text");
    const writing = systemNodeFiles.write(join(directory, "a", "b"), "text");
    await expect(writing).rejects.toMatchObject({ reason: "FileFailed" });
    await expect(systemNodeFiles.read(directory)).rejects.toMatchObject({ reason: "FileFailed" });
  });
});
