// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { differingFiles, writeFiles } from "./freshness.ts";

const folders = ["made"];
const files = new Map([
  ["made/a.yaml", "a\n"],
  ["made/b.yaml", "b\n"],
  ["by-hand/values.yaml", "v\n"],
]);

describe("generated files", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "kilonova-gen-"));
  });

  afterEach(() => rm(root, { recursive: true }));

  test("are written where there is nothing, and are fresh then", async () => {
    const differing = await differingFiles(root, files, folders);
    expect(differing).toEqual([...files.keys()].toSorted());
    await writeFiles(root, files, differing);
    expect(await readFile(join(root, "made/a.yaml"), "utf8")).toBe("a\n");
    expect(await differingFiles(root, files, folders)).toEqual([]);
  });

  test("are found when they were edited, are missing, or are not generated any more", async () => {
    await writeFiles(root, files, [...files.keys()]);
    await writeFile(join(root, "made/a.yaml"), "edited\n");
    await rm(join(root, "made/b.yaml"));
    await writeFile(join(root, "made/gone.yaml"), "g\n");
    const differing = await differingFiles(root, files, folders);
    expect(differing).toEqual(["made/a.yaml", "made/b.yaml", "made/gone.yaml"]);
    await writeFiles(root, files, differing);
    expect(await readdir(join(root, "made"))).toEqual(["a.yaml", "b.yaml"]);
  });

  test("leave alone what is beside them in a folder with files by hand", async () => {
    await writeFiles(root, files, [...files.keys()]);
    await writeFile(join(root, "by-hand/Chart.yaml"), "c\n");
    expect(await differingFiles(root, files, folders)).toEqual([]);
  });
});
