// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { linesOf, textOf } from "./body.ts";

async function* chunks(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

async function lines(bytesMax: number, ...texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of linesOf(chunks(...texts), bytesMax)) found.push(line);
  return found;
}

describe("the text of a body", () => {
  test("is put together from its chunks, also within a character", async () => {
    const bytes = Buffer.from("größer");
    async function* halves(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, 3);
      yield bytes.subarray(3);
    }
    expect(await textOf(halves(), 100)).toBe("größer");
  });

  test("has a bound", async () => {
    expect(await textOf(chunks("ab", "cd"), 4)).toBe("abcd");
    await expect(textOf(chunks("ab", "cd", "e"), 4)).rejects.toThrow("more than 4 bytes");
  });
});

describe("the lines of a body", () => {
  test("are found within and across chunks", async () => {
    expect(await lines(100, "a\nb\nc", "d\n", "e", "f\n")).toEqual(["a", "b", "cd", "ef"]);
  });

  test("leave out empty ones and what was cut at the end", async () => {
    expect(await lines(100, "a\n\nb\n", "\n", "cut")).toEqual(["a", "b"]);
  });

  test("have a bound, each", async () => {
    expect(await lines(4, "abcd\nefgh\n")).toEqual(["abcd", "efgh"]);
    await expect(lines(4, "ab", "cde")).rejects.toThrow("more than 4 bytes");
    await expect(lines(4, "abcde\n")).rejects.toThrow("more than 4 bytes");
  });
});
