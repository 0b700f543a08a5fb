// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode } from "../../testing/libvirt-peer.ts";
import {
  encodeMessage,
  messageBytesMax,
  MessageLengthError,
  MessageSplitter,
  type Message,
} from "./message.ts";
import { list, uint32 } from "./xdr.ts";

const header = {
  program: { number: 0x2000_8086, version: 1 },
  procedure: 212,
  type: 0,
  serial: 7,
  status: 0,
};

const layout = list(uint32, 10);

function split(chunks: readonly Uint8Array[]): Message[] {
  const splitter = new MessageSplitter();
  return chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))]);
}

function lengthWord(length: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(length);
  return word;
}

describe("a message", () => {
  test("is its length, its header and its body", () => {
    expect(encodeMessage(header, Buffer.from("01020304", "hex")).toString("hex")).toBe(
      "00000020" +
        "20008086" +
        "00000001" +
        "000000d4" +
        "00000000" +
        "00000007" +
        "00000000" +
        "01020304",
    );
  });
});

describe("the splitter", () => {
  test("finds the same messages however the stream is cut", () => {
    const bodies = fc.array(fc.array(fc.nat({ max: 0xffff_ffff }), { maxLength: 10 }), {
      maxLength: 6,
    });
    const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 });
    fc.assert(
      fc.property(bodies, cuts, (sent, places) => {
        const stream = Buffer.concat(
          sent.map((words) => encodeMessage(header, encode(layout, words))),
        );
        const ends = [...places.filter((place) => place < stream.length), stream.length];
        const sorted = ends.toSorted((one, other) => one - other);
        const found = split(sorted.map((end, at) => stream.subarray(sorted[at - 1] ?? 0, end)));
        expect(found.map((message) => message.header)).toEqual(sent.map(() => header));
        expect(found.map(({ body }) => layout.read(body))).toEqual(sent);
      }),
    );
  });

  test.each([0, 3, 27, messageBytesMax + 1, 0xffff_ffff])(
    "refuses a length of %i as soon as it is known",
    (length) => {
      expect(() => split([lengthWord(length)])).toThrow(MessageLengthError);
    },
  );

  test("waits for the rest of a message of the greatest length", () => {
    expect(split([lengthWord(messageBytesMax), Buffer.alloc(1000)])).toEqual([]);
  });

  test("takes a long message in many pieces without joining them again and again", () => {
    const message = encodeMessage(header, new Uint8Array(1_000_000));
    const chunks = Array.from({ length: Math.ceil(message.length / 50) }, (_, index) =>
      message.subarray(index * 50, (index + 1) * 50),
    );
    const startMs = performance.now();
    expect(split(chunks)).toHaveLength(1);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});
