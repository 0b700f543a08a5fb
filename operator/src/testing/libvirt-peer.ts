// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from "node:stream";
import {
  encodeMessage,
  messageStatus,
  messageType,
  MessageSplitter,
  type Message,
} from "../adapters/libvirt/message.ts";
import { procedures, remoteProgram, type Procedure } from "../adapters/libvirt/procedures.ts";
import { int32, optional, struct, text, XdrWriter, type Codec } from "../adapters/libvirt/xdr.ts";
import { settle } from "./fake-clock.ts";

const absent = optional(text());

/** An error reply: what stands after the message is never sent by today's daemons. */
const errorReply = struct({
  code: int32,
  domain: int32,
  message: absent,
  level: int32,
  unusedDomain: absent,
  text1: absent,
  text2: absent,
  text3: absent,
  number1: int32,
  number2: int32,
  unusedNetwork: absent,
});

const noError = {
  domain: 10,
  level: 2,
  unusedDomain: undefined,
  text1: undefined,
  text2: undefined,
  text3: undefined,
  number1: 0,
  number2: 0,
  unusedNetwork: undefined,
};

/** The other end of a client's stream, in the hands of a test: says what it is told, true or not. */
export class LibvirtPeer {
  readonly #stream: Duplex;
  readonly #splitter = new MessageSplitter();
  /** What the client sent and nobody took yet. */
  readonly messages: Message[] = [];

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.messages.push(...this.#splitter.push(chunk)));
  }

  /** The oldest message that nobody took yet. */
  take(): Message {
    const message = this.messages.shift();
    if (message === undefined) throw new Error("the client sent nothing");
    return message;
  }

  reply<Reply>(call: Message, { reply }: Replying<Reply>, value: Reply): void {
    this.write(replyTo(call, messageStatus.ok, encode(reply, value)));
  }

  refuse(call: Message, code: number, message?: string): void {
    this.write(
      replyTo(call, messageStatus.error, encode(errorReply, { ...noError, code, message })),
    );
  }

  event<Layout>(procedure: number, layout: Codec<Layout>, value: Layout): void {
    this.write(eventOf(procedure, encode(layout, value)));
  }

  /** Any bytes, in one chunk. */
  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Ends the stream, as the kernel does for a daemon that was killed. */
  hangUp(): void {
    this.#stream.end();
  }
}

/** The part of a procedure that an answer to it needs. */
type Replying<Reply> = Pick<Procedure<never, Reply>, "reply">;

export function replyTo({ header }: Message, status: number, body: Uint8Array): Buffer {
  return encodeMessage({ ...header, type: messageType.reply, status }, body);
}

export function eventOf(procedure: number, body: Uint8Array): Buffer {
  const { event: type } = messageType;
  const { ok: status } = messageStatus;
  return encodeMessage({ program: remoteProgram, procedure, type, serial: 0, status }, body);
}

export function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.finish();
}

/** Answers what a client asks when it opens: callbacks are numbered from 100, in its order. */
export async function answerOpen(peer: LibvirtPeer): Promise<void> {
  await settle();
  peer.reply(peer.take(), procedures.authList, { types: [0] });
  await settle();
  peer.reply(peer.take(), procedures.connectOpen, undefined);
  await settle();
  peer.reply(peer.take(), procedures.supportsFeature, { is: 1 });
  for (const [index, registration] of peer.messages.splice(0).entries()) {
    peer.reply(registration, procedures.registerEvent, { callback: 100 + index });
  }
}
