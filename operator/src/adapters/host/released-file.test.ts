// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ReleasedFile } from "./released-file.ts";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "released-"));
  path = join(directory, "released");
});

afterEach(() => rm(directory, { recursive: true }));

describe("a token", () => {
  test("is not released before somebody does it", async () => {
    const file = await ReleasedFile.open(path);
    expect(file.has({ serverUid: "a", token: 1 })).toBe(false);
  });

  test("stays released, with those before it, whoever opens the file", async () => {
    const file = await ReleasedFile.open(path);
    await file.add({ serverUid: "a", token: 2 });
    for (const one of [file, await ReleasedFile.open(path)]) {
      expect(one.has({ serverUid: "a", token: 1 })).toBe(true);
      expect(one.has({ serverUid: "a", token: 2 })).toBe(true);
      expect(one.has({ serverUid: "a", token: 3 })).toBe(false);
      expect(one.has({ serverUid: "b", token: 1 })).toBe(false);
    }
  });

  test("is written once", async () => {
    const file = await ReleasedFile.open(path);
    await file.add({ serverUid: "a", token: 2 });
    const before = await readFile(path, "utf8");
    await file.add({ serverUid: "a", token: 2 });
    await file.add({ serverUid: "a", token: 1 });
    expect(await readFile(path, "utf8")).toBe(before);
  });

  test("of one server does not mix with another's", async () => {
    const file = await ReleasedFile.open(path);
    const servers = Array.from({ length: 50 }, (_, index) => `server-${index}`);
    await Promise.all(servers.map((serverUid) => file.add({ serverUid, token: 7 })));
    const again = await ReleasedFile.open(path);
    expect(servers.every((serverUid) => again.has({ serverUid, token: 7 }))).toBe(true);
  });

  test("counts only when its line is whole, and spoils no later one", async () => {
    const file = await ReleasedFile.open(path);
    await file.add({ serverUid: "a", token: 1 });
    const whole = await readFile(path, "utf8");
    await writeFile(path, `${whole}\nb 12`);
    const torn = await ReleasedFile.open(path);
    expect(torn.has({ serverUid: "b", token: 1 })).toBe(false);
    await torn.add({ serverUid: "c", token: 3 });
    const again = await ReleasedFile.open(path);
    expect(again.has({ serverUid: "a", token: 1 })).toBe(true);
    expect(again.has({ serverUid: "b", token: 12 })).toBe(true);
    expect(again.has({ serverUid: "c", token: 3 })).toBe(true);
  });

  test("is not released when the file cannot be written", async () => {
    const file = await ReleasedFile.open(join(directory, "gone", "released"));
    const token = { serverUid: "a", token: 1 };
    await expect(file.add(token)).rejects.toMatchObject({ reason: "FileFailed" });
    expect(file.has(token)).toBe(false);
  });
});

test("a file that cannot be read lets nobody start", async () => {
  await expect(ReleasedFile.open(directory)).rejects.toThrow("EISDIR");
});
