// SPDX-License-Identifier: Apache-2.0
// Messages of libvirt's RPC on a stream: a length word that counts itself, a header of six words,
// a body whose layout header and procedure say.
import { int32, struct, uint32, XdrReader, XdrWriter, type Carried } from "./xdr.ts";

const lengthBytes = 4;
const headerBytes = 24;

/** The longest string of the protocol: XML in, XML out. */
export const textBytesMax = 4 * 1024 * 1024;

/**
 * The longest message that is taken, length word included: one longest string and room for the rest.
 * libvirt itself goes to 32 MiB, for calls that are not made here.
 */
export const messageBytesMax = textBytesMax + 64 * 1024;

export const messageType = { call: 0, reply: 1, event: 2 } as const;
export const messageStatus = { ok: 0, error: 1 } as const;

/** A set of procedures with its own numbers. */
const program = struct({ number: uint32, version: uint32 });

export type Program = Readonly<Carried<typeof program>>;

export function isSameProgram(one: Program, other: Program): boolean {
  return one.number === other.number && one.version === other.version;
}

const header = struct({
  program,
  procedure: int32,
  type: int32,
  serial: uint32,
  status: int32,
});

export type MessageHeader = Readonly<Carried<typeof header>>;

export interface Message {
  readonly header: MessageHeader;
  /** Stands at the first byte of the body. */
  readonly body: XdrReader;
}

/** The length word of a stream is out of bounds: where the next message begins is not known. */
export class MessageLengthError extends Error {
  override readonly name = "MessageLengthError";
}

/** `body`, with header and length word before it. */
export function encodeMessage(fields: MessageHeader, body: Uint8Array): Buffer {
  const writer = new XdrWriter();
  writer.uint32(lengthBytes + headerBytes + body.length);
  header.write(writer, fields);
  return Buffer.concat([writer.finish(), body]);
}

/** Cuts a stream of bytes into messages, holding at most one unfinished message. */
export class MessageSplitter {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Nothing can be done before there are so many bytes. */
  #bytesWanted = lengthBytes;

  /** The messages that `chunk` completes. Throws MessageLengthError. */
  *push(chunk: Buffer): Generator<Message, void, undefined> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#bytesWanted) {
      const bytes = Buffer.concat(this.#chunks);
      const length = lengthOf(bytes);
      if (bytes.length < length) {
        this.#keep(bytes, length);
        return;
      }
      this.#keep(bytes.subarray(length), lengthBytes);
      const reader = new XdrReader(bytes.subarray(lengthBytes, length));
      yield { header: header.read(reader), body: reader };
    }
  }

  #keep(rest: Buffer, bytesWanted: number): void {
    this.#chunks = [rest];
    this.#bytes = rest.length;
    this.#bytesWanted = bytesWanted;
  }
}

function lengthOf(bytes: Buffer): number {
  const length = bytes.readUInt32BE();
  if (length < lengthBytes + headerBytes || length > messageBytesMax) {
    throw new MessageLengthError(
      `a message of ${length} bytes, ${lengthBytes + headerBytes} to ${messageBytesMax} are allowed`,
    );
  }
  return length;
}
