// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  int32,
  list,
  nothing,
  opaque,
  optional,
  struct,
  text,
  uint32,
  uint64,
  XdrError,
  XdrReader,
  XdrWriter,
  type Codec,
} from "./xdr.ts";

function encode<T>(codec: Codec<T>, value: T): string {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.finish().toString("hex");
}

function decode<T>(codec: Codec<T>, hex: string): T {
  const reader = new XdrReader(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  const value = codec.read(reader);
  reader.end();
  return value;
}

const point = struct({ x: int32, name: optional(text(8)) });

describe("XDR", () => {
  test.each([
    ["int32", int32, -2, "fffffffe"],
    ["uint32", uint32, 0xffff_fffe, "fffffffe"],
    ["uint64", uint64, 0x0102_0304_0506_0708n, "0102030405060708"],
    ["opaque", opaque(5), Uint8Array.of(1, 2, 3, 4, 5), "0102030405000000"],
    ["text", text(8), "héé", "0000000568c3a9c3a9000000"],
    ["empty text", text(0), "", "00000000"],
    ["optional, absent", optional(int32), undefined, "00000000"],
    ["optional, present", optional(int32), 7, "0000000100000007"],
    ["list", list(int32, 2), [1, 2], "000000020000000100000002"],
    ["struct", point, { x: 1, name: "ab" }, "00000001000000010000000261620000"],
    ["nothing", nothing, undefined, ""],
  ] as readonly (readonly [string, Codec<unknown>, unknown, string])[])(
    "lays out %s as RFC 4506 says",
    (_name, codec, value, hex) => {
      expect(encode(codec, value)).toBe(hex);
      expect(decode(codec, hex)).toEqual(value);
    },
  );

  test.each([
    ["an integer of too many bits", int32, 2 ** 31],
    ["a fraction", int32, 0.5],
    ["no number", uint32, Number.NaN],
    ["a negative unsigned integer", uint32, -1],
    ["a negative 64-bit integer", uint64, -1n],
    ["an integer of more than 64 bits", uint64, 2n ** 64n],
    ["the wrong number of bytes", opaque(4), Uint8Array.of(1)],
    ["a text longer than its bound in bytes", text(4), "ééé"],
    ["a text with a NUL", text(8), "a\0b"],
    ["a list longer than its bound", list(int32, 1), [1, 2]],
  ] as readonly (readonly [string, Codec<unknown>, unknown])[])(
    "refuses to write %s",
    (_name, codec, value) => {
      expect(() => encode(codec, value)).toThrow(XdrError);
    },
  );

  test.each([
    ["a truncated integer", int32, "000000"],
    ["a truncated 64-bit integer", uint64, "00000000 0000"],
    ["a truncated text", text(8), "00000005 61626364"],
    ["a text whose padding is missing", text(8), "00000001 61"],
    ["a text whose padding is not zero", text(8), "00000001 61000001"],
    ["a text longer than its bound", text(8), "00000009 6161616161616161 61000000"],
    ["a text longer than everything", text(), "ffffffff 61616161"],
    ["a list longer than its bound", list(nothing, 8), "00000009"],
    ["a list longer than its bytes", list(int32, 8), "00000002 00000001"],
    ["a boolean that is neither", optional(nothing), "00000002"],
    ["bytes after the end", int32, "00000001 00"],
  ] as readonly (readonly [string, Codec<unknown>, string])[])(
    "refuses to read %s",
    (_name, codec, hex) => {
      expect(() => decode(codec, hex)).toThrow(XdrError);
    },
  );

  test("reads bytes that are no UTF-8 as replacement characters", () => {
    expect(decode(text(8), "00000002 ff61 0000")).toBe("\uFFFDa");
  });

  test("grows as far as it is written", () => {
    const value = "x".repeat(100_000);
    const items = Array.from({ length: 300 }, (_, index) => index);
    const layout = struct({ items: list(uint32, 300), value: text() });
    expect(decode(layout, encode(layout, { items, value }))).toEqual({ items, value });
  });

  test("returns bytes of its own", () => {
    const source = Buffer.from("01020304", "hex");
    const value = opaque(4).read(new XdrReader(source));
    source.fill(0);
    expect(value).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});
