// SPDX-License-Identifier: Apache-2.0
/**
 * The wire format of protocol buffers (proto3), as far as the kubelet's plugin protocols use it:
 * strings, booleans, messages in messages, lists of them and maps of strings. A message is declared
 * as data, by names and field numbers.
 */

/** A value on the wire: `0` is a number of variable length, `2` stands behind its length. */
interface Kind<T> {
  readonly wireType: 0 | 2;
  /** What a field of this kind holds when it is not on the wire. */
  absent(): T;
  encode(value: T): Uint8Array;
  /** `before` is what the field holds already: a list or map grows, all else is replaced. */
  decode(bytes: Uint8Array, before: T): T;
  /** Each value on the wire that stands for this one: none for a default, several for a list. */
  spread(value: T): readonly T[];
}

export interface Field<T> {
  readonly number: number;
  readonly kind: Kind<T>;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Values<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A message type: `T` is what decoding gives, any part of it is what encoding takes. */
export interface Message<T> {
  encode(values: Partial<T>): Uint8Array;
  /** Unknown fields are skipped. Throws {@link WireError} on bytes that are no message. */
  decode(bytes: Uint8Array): T;
}

/** What a message type's values look like. */
export type ValuesOf<M> = M extends Message<infer T> ? T : never;

/** The bytes are no message of protocol buffers. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** One field of a message. */
export function field<T>(number: number, kind: Kind<T>): Field<T> {
  return { number, kind };
}

export const string: Kind<string> = {
  wireType: 2,
  absent: () => "",
  encode: (value) => Buffer.from(value),
  decode: (bytes) => Buffer.from(bytes).toString(),
  spread: (value) => (value === "" ? [] : [value]),
};

export const bool: Kind<boolean> = {
  wireType: 0,
  absent: () => false,
  encode: (value) => Uint8Array.of(value ? 1 : 0),
  decode: (bytes) => bytes.some((byte) => (byte & 0x7f) !== 0),
  spread: (value) => (value ? [true] : []),
};

/** A message as the value of a field; undefined when it is not there. */
export function embedded<T>(type: Message<T>): Kind<Partial<T> | undefined> {
  return {
    wireType: 2,
    absent: () => undefined,
    encode: (value) => type.encode(value ?? {}),
    decode: (bytes) => type.decode(bytes),
    spread: (value) => (value === undefined ? [] : [value]),
  };
}

/** A list of strings or messages. */
export function repeated<T>(item: Kind<T>): Kind<readonly NonNullable<T>[]> {
  return {
    wireType: item.wireType,
    absent: () => [],
    encode: ([value]) => item.encode(value ?? item.absent()),
    decode: (bytes, before) => [...before, item.decode(bytes, item.absent()) as NonNullable<T>],
    spread: (values) => values.map((value) => [value]),
  };
}

const entry = message({ key: field(1, string), value: field(2, string) });

export const stringMap: Kind<Readonly<Record<string, string>>> = {
  wireType: 2,
  absent: () => ({}),
  encode: (values) => {
    const [[key, value] = ["", ""]] = Object.entries(values);
    return entry.encode({ key, value });
  },
  decode: (bytes, before) => {
    const { key, value } = entry.decode(bytes);
    return { ...before, [key]: value };
  },
  spread: (values) => Object.entries(values).map(([key, value]) => ({ [key]: value })),
};

/** Declares a message type by its fields. */
export function message<F extends Fields>(fields: F): Message<Values<F>> {
  const byNumber = new Map(Object.entries(fields).map(([name, { number }]) => [number, name]));
  const kindOf = (name: string) => fields[name]?.kind;
  return {
    encode: (values) => {
      const parts = Object.entries(fields).flatMap(([name, { number }]) => {
        const kind = kindOf(name);
        const value = values[name as keyof Values<F>];
        if (kind === undefined || value === undefined) return [];
        return kind.spread(value).flatMap((one) => encodeField(number, kind, one));
      });
      return Buffer.concat(parts);
    },
    decode: (bytes) => {
      const values = Object.fromEntries(
        Object.keys(fields).map((name) => [name, kindOf(name)?.absent()]),
      );
      for (const { number, wireType, content } of readFields(bytes)) {
        const name = byNumber.get(number);
        const kind = name === undefined ? undefined : kindOf(name);
        if (name === undefined || kind?.wireType !== wireType) continue;
        values[name] = kind.decode(content, values[name]);
      }
      return values as Values<F>;
    },
  };
}

function encodeField(number: number, kind: Kind<unknown>, value: unknown): Uint8Array[] {
  const content = kind.encode(value);
  const tag = encodeVarint(number * 8 + kind.wireType);
  return kind.wireType === 0 ? [tag, content] : [tag, encodeVarint(content.length), content];
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}

interface RawField {
  readonly number: number;
  readonly wireType: number;
  readonly content: Uint8Array;
}

const varintBytesMax = 10;

function* readFields(bytes: Uint8Array): Generator<RawField> {
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new WireError("the message is cut off");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const takeVarint = (): Uint8Array => {
    const rest = bytes.subarray(at, at + varintBytesMax);
    const last = rest.findIndex((byte) => byte < 0x80);
    if (last < 0) throw new WireError("a number does not end");
    return take(last + 1);
  };
  while (at < bytes.length) {
    const tag = varintValue(takeVarint());
    const wireType = tag % 8;
    const number = Math.floor(tag / 8);
    yield { number, wireType, content: takeContent(wireType, take, takeVarint) };
  }
}

function takeContent(
  wireType: number,
  take: (length: number) => Uint8Array,
  takeVarint: () => Uint8Array,
): Uint8Array {
  switch (wireType) {
    case 0:
      return takeVarint();
    case 1:
      return take(8);
    case 2:
      return take(varintValue(takeVarint()));
    case 5:
      return take(4);
    default:
      throw new WireError(`a field has the wire type ${wireType}`);
  }
}

function varintValue(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 0x80 + (byte & 0x7f), 0);
}
