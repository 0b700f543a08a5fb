// SPDX-License-Identifier: Apache-2.0
// The part of XDR (RFC 4506) that libvirt's protocol uses. Input is treated as hostile: every
// length is checked against its bound and against what is left before anything is allocated.

const unitBytes = 4;
const uint32Max = 0xffff_ffff;
const uint64Max = 0xffff_ffff_ffff_ffffn;

/** Bytes that are not what the layout says, or a value that the layout cannot hold. */
export class XdrError extends Error {
  override readonly name = "XdrError";
}

/** How one type is laid out in bytes. */
export interface Codec<T> {
  /** Throws XdrError when the layout cannot hold `value`. */
  write(writer: XdrWriter, value: T): void;
  /** Throws XdrError when the bytes are not a `T`. */
  read(reader: XdrReader): T;
}

/** What a codec carries. */
export type Carried<C> = C extends Codec<infer T> ? T : never;

/** A buffer that grows as it is written. */
export class XdrWriter {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  uint32(value: number): void {
    const start = this.#reserve(unitBytes);
    this.#buffer.writeUInt32BE(value, start);
  }

  int32(value: number): void {
    const start = this.#reserve(unitBytes);
    this.#buffer.writeInt32BE(value, start);
  }

  uint64(value: bigint): void {
    const start = this.#reserve(2 * unitBytes);
    this.#buffer.writeBigUInt64BE(value, start);
  }

  /** Bytes of a length known to both sides, filled up with zeros to a multiple of four. */
  bytes(value: Uint8Array): void {
    const start = this.#reserve(value.length + paddingOf(value.length));
    this.#buffer.set(value, start);
    this.#buffer.fill(0, start + value.length, this.#length);
  }

  /** What was written so far. Later writes do not change it. */
  finish(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  #reserve(bytes: number): number {
    const start = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length));
      this.#buffer.copy(grown, 0, 0, start);
      this.#buffer = grown;
    }
    return start;
  }
}

/** Reads from the start of `buffer`; what it returns shares no memory with it. */
export class XdrReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#take(unitBytes));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(unitBytes));
  }

  uint64(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(2 * unitBytes));
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from(this.#padded(length));
  }

  utf8(length: number): string {
    return this.#padded(length).toString();
  }

  /** Throws XdrError when bytes are left: the two sides do not mean the same layout. */
  end(): void {
    const rest = this.#buffer.length - this.#offset;
    if (rest > 0) throw new XdrError(`${rest} bytes more than the layout has`);
  }

  #padded(length: number): Buffer {
    const start = this.#take(length + paddingOf(length));
    for (let at = start + length; at < this.#offset; at += 1) {
      if (this.#buffer[at] !== 0) throw new XdrError("padding is not zero");
    }
    return this.#buffer.subarray(start, start + length);
  }

  #take(bytes: number): number {
    const start = this.#offset;
    if (bytes > this.#buffer.length - start) {
      throw new XdrError(`${bytes} bytes wanted, ${this.#buffer.length - start} left`);
    }
    this.#offset += bytes;
    return start;
  }
}

function checkLength(length: number, lengthMax: number, unit: "bytes" | "items"): void {
  if (length > lengthMax) throw new XdrError(`${length} ${unit}, at most ${lengthMax} are allowed`);
}

function paddingOf(length: number): number {
  return (unitBytes - (length % unitBytes)) % unitBytes;
}

export const int32: Codec<number> = {
  write(writer, value) {
    if ((value | 0) !== value) throw new XdrError(`${value} is not a 32-bit integer`);
    writer.int32(value);
  },
  read: (reader) => reader.int32(),
};

export const uint32: Codec<number> = {
  write(writer, value) {
    if (value >>> 0 !== value) throw new XdrError(`${value} is not an unsigned 32-bit integer`);
    writer.uint32(value);
  },
  read: (reader) => reader.uint32(),
};

export const uint64: Codec<bigint> = {
  write(writer, value) {
    if (value < 0n || value > uint64Max) {
      throw new XdrError(`${value} is not an unsigned 64-bit integer`);
    }
    writer.uint64(value);
  },
  read: (reader) => reader.uint64(),
};

/** Nothing on the wire: a call without arguments, a reply without results. */
export const nothing: Codec<void> = {
  write() {},
  read() {},
};

/** Exactly `length` bytes. */
export function opaque(length: number): Codec<Uint8Array> {
  return {
    write(writer, value) {
      if (value.length !== length) throw new XdrError(`${value.length} bytes instead of ${length}`);
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(length),
  };
}

/**
 * UTF-8 of at most `bytesMax` bytes. A NUL is refused when written, because the other side is
 * written in C and would act on what stands before it; bytes that are no UTF-8 are read as U+FFFD.
 */
export function text(bytesMax: number = uint32Max): Codec<string> {
  return {
    write(writer, value) {
      if (value.includes("\0")) throw new XdrError("a string may not contain NUL");
      const bytes = Buffer.from(value);
      checkLength(bytes.length, bytesMax, "bytes");
      writer.uint32(bytes.length);
      writer.bytes(bytes);
    },
    read(reader) {
      const length = reader.uint32();
      checkLength(length, bytesMax, "bytes");
      return reader.utf8(length);
    },
  };
}

/** A value that may be missing. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    write(writer, value) {
      writer.uint32(value === undefined ? 0 : 1);
      if (value !== undefined) codec.write(writer, value);
    },
    read(reader) {
      const isPresent = reader.uint32();
      if (isPresent > 1) throw new XdrError(`${isPresent} is no boolean`);
      return isPresent === 1 ? codec.read(reader) : undefined;
    },
  };
}

/** At most `itemsMax` values. */
export function list<T>(codec: Codec<T>, itemsMax: number): Codec<readonly T[]> {
  return {
    write(writer, items) {
      checkLength(items.length, itemsMax, "items");
      writer.uint32(items.length);
      for (const item of items) codec.write(writer, item);
    },
    read(reader) {
      const length = reader.uint32();
      checkLength(length, itemsMax, "items");
      return Array.from({ length }, () => codec.read(reader));
    },
  };
}

/** Members one after the other, in the order in which `members` names them. */
export function struct<T extends object>(
  members: {
    readonly [K in keyof T]: Codec<T[K]>;
  },
): Codec<T> {
  const names = Object.keys(members) as (keyof T)[];
  return {
    write(writer, value) {
      for (const name of names) members[name].write(writer, value[name]);
    },
    read(reader) {
      const value: Partial<T> = {};
      for (const name of names) value[name] = members[name].read(reader);
      return value as T;
    },
  };
}
