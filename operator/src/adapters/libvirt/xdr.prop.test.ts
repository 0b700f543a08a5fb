// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import * as fc from "fast-check";
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

interface OracleType {
  write(value: unknown, writer: OracleWriter): void;
  read(reader: OracleReader): unknown;
}

interface OracleWriter {
  finalize(): Buffer;
}

interface OracleReader {
  ensureInputConsumed(): void;
}

/** @stellar/js-xdr has no types of its own: these are the parts that are used. */
interface Oracle {
  readonly XdrWriter: new () => OracleWriter;
  readonly XdrReader: new (bytes: Buffer) => OracleReader;
  readonly Int: OracleType;
  readonly UnsignedInt: OracleType;
  readonly UnsignedHyper: OracleType & { fromString(digits: string): unknown };
  readonly Void: OracleType;
  readonly String: new (bytesMax: number) => OracleType;
  readonly Opaque: new (length: number) => OracleType;
  readonly Option: new (type: OracleType) => OracleType;
  readonly VarArray: new (type: OracleType, itemsMax: number) => OracleType;
  config(
    define: (builder: {
      struct(name: string, members: readonly (readonly [string, OracleType])[]): void;
    }) => void,
  ): Record<string, OracleType & (new (members: Record<string, unknown>) => unknown)>;
}

const require = createRequire(import.meta.url);
const oracle = require("@stellar/js-xdr") as Oracle;

/** One type, as both sides define it, and values of it as both sides take them. */
interface Layout {
  readonly codec: Codec<unknown>;
  readonly oracle: OracleType;
  readonly values: fc.Arbitrary<unknown>;
  readonly toOracle: (value: unknown) => unknown;
}

const same = (value: unknown): unknown => value;
const boundMax = 12;
const bounds = fc.nat({ max: boundMax });

function primitive(codec: Codec<unknown>, type: OracleType, values: fc.Arbitrary<unknown>): Layout {
  return { codec, oracle: type, values, toOracle: same };
}

const integer = primitive(int32, oracle.Int, fc.integer());

const primitives: readonly Layout[] = [
  integer,
  primitive(uint32, oracle.UnsignedInt, fc.nat({ max: 0xffff_ffff })),
  primitive(nothing, oracle.Void, fc.constant(undefined)),
  {
    ...primitive(uint64, oracle.UnsignedHyper, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    toOracle: (value) => oracle.UnsignedHyper.fromString(String(value)),
  },
];

const bytes = bounds.map((length) => ({
  ...primitive(
    opaque(length),
    new oracle.Opaque(length),
    fc.uint8Array({ minLength: length, maxLength: length }),
  ),
  toOracle: (value: unknown) => Buffer.from(value as Uint8Array),
}));

const texts = bounds.map((bytesMax) => ({
  codec: text(bytesMax),
  oracle: new oracle.String(bytesMax),
  values: fc
    .string({ unit: "grapheme", maxLength: bytesMax })
    .filter((value) => Buffer.byteLength(value) <= bytesMax && !value.includes("\0")),
  toOracle: (value: unknown) => Buffer.from(value as string),
}));

function optionalOf(item: Layout): Layout {
  return {
    codec: optional(item.codec),
    oracle: new oracle.Option(item.oracle),
    values: fc.option(item.values, { nil: undefined }),
    toOracle: (value) => (value === undefined ? undefined : item.toOracle(value)),
  };
}

function listOf(item: Layout, itemsMax: number): Layout {
  return {
    codec: list(item.codec, itemsMax) as Codec<unknown>,
    oracle: new oracle.VarArray(item.oracle, itemsMax),
    values: fc.array(item.values, { maxLength: itemsMax }),
    toOracle: (value) => (value as unknown[]).map(item.toOracle),
  };
}

function structOf(items: readonly Layout[]): Layout {
  const members = items.map((item, index) => [`member${index}`, item] as const);
  const named = <T>(pick: (item: Layout) => T): Record<string, T> =>
    Object.fromEntries(members.map(([name, item]) => [name, pick(item)]));
  const { Struct } = oracle.config((builder) =>
    builder.struct(
      "Struct",
      members.map(([name, item]) => [name, item.oracle]),
    ),
  );
  if (Struct === undefined) throw new Error("the oracle made no struct");
  return {
    codec: struct(named((item) => item.codec)) as Codec<unknown>,
    oracle: Struct,
    values: fc.record(named((item) => item.values)),
    toOracle: (value) => {
      const fields = value as Record<string, unknown>;
      return new Struct(
        Object.fromEntries(members.map(([name, item]) => [name, item.toOracle(fields[name])])),
      );
    },
  };
}

/** Types of any shape, a few levels deep. */
const { layout: layouts } = fc.letrec<{ layout: Layout }>((tie) => ({
  layout: fc.oneof(
    { maxDepth: 3, depthIdentifier: "layout" },
    fc.constantFrom(...primitives),
    bytes,
    texts,
    tie("layout").map(optionalOf),
    // The other implementation refuses a list of more items than bytes: items are never empty.
    fc
      .tuple(tie("layout"), bounds)
      .map(([item, itemsMax]) => listOf(structOf([integer, item]), itemsMax)),
    fc.array(tie("layout"), { maxLength: 4 }).map(structOf),
  ),
}));

const cases = layouts.chain((layout) => layout.values.map((value) => ({ layout, value })));

function encode(codec: Codec<unknown>, value: unknown): Buffer {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.finish();
}

function accepts(codec: Codec<unknown>, input: Buffer): boolean {
  try {
    const reader = new XdrReader(input);
    codec.read(reader);
    reader.end();
    return true;
  } catch (error) {
    if (error instanceof XdrError) return false;
    throw error;
  }
}

function oracleEncode(layout: Layout, value: unknown): Buffer {
  const writer = new oracle.XdrWriter();
  layout.oracle.write(layout.toOracle(value), writer);
  return writer.finalize();
}

function oracleAccepts(type: OracleType, input: Buffer): boolean {
  try {
    const reader = new oracle.XdrReader(input);
    type.read(reader);
    reader.ensureInputConsumed();
    return true;
  } catch {
    return false;
  }
}

describe("XDR, for types of any shape", () => {
  test("writes the bytes that another implementation writes, and reads them back", () => {
    fc.assert(
      fc.property(cases, ({ layout, value }) => {
        const written = encode(layout.codec, value);
        expect(written.equals(oracleEncode(layout, value))).toBe(true);
        const reader = new XdrReader(written);
        expect(layout.codec.read(reader)).toEqual(value);
        reader.end();
      }),
    );
  });

  test("accepts of any bytes what another implementation accepts, and throws nothing but XdrError", () => {
    fc.assert(
      fc.property(layouts, fc.uint8Array({ maxLength: 64 }), (layout, noise) => {
        const input = Buffer.from(noise);
        expect(accepts(layout.codec, input)).toBe(oracleAccepts(layout.oracle, input));
      }),
      { numRuns: 1000 },
    );
  });

  test("agrees with another implementation on valid bytes with one byte changed or cut", () => {
    const damaged = fc.tuple(cases, fc.nat(), fc.nat({ max: 255 }), fc.boolean());
    fc.assert(
      fc.property(damaged, ([{ layout, value }, place, byte, isCut]) => {
        const whole = encode(layout.codec, value);
        fc.pre(whole.length > 0);
        const at = place % whole.length;
        if (!isCut) whole[at] = byte;
        const input = isCut ? whole.subarray(0, at) : whole;
        expect(accepts(layout.codec, input)).toBe(oracleAccepts(layout.oracle, input));
      }),
      { numRuns: 1000 },
    );
  });
});
