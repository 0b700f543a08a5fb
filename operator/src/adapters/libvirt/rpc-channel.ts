// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from "node:stream";
import type { Clock } from "../../ports/clock.ts";
import { PortError, Unavailable } from "../../ports/errors.ts";
import { ProtocolError } from "../../ports/libvirt.ts";
import { CallTable } from "./call-table.ts";
import { Keepalive } from "./keepalive.ts";
import {
  encodeMessage,
  isSameProgram,
  messageBytesMax,
  messageStatus,
  messageType,
  MessageSplitter,
  type Message,
  type MessageHeader,
} from "./message.ts";
import { keepaliveProgram, type Procedure } from "./procedures.ts";

const keepaliveProcedure = { ping: 1, pong: 2 } as const;
const keepaliveIntervalSeconds = 5;
const silentIntervalsMax = 3;

/** A peer that does not read must not fill our memory: calls, and answers to its pings. */
const unsentBytesMax = 2 * messageBytesMax;

/** Takes an event; throws when it is not one that was asked for. */
export type EventHandler = (event: Message) => void;

/**
 * Calls, replies and events over one stream. What breaks the protocol ends the channel: after that
 * nothing that the peer sent can be trusted to belong to what we asked.
 */
export class RpcChannel {
  #resolveClosed!: (reason: PortError | undefined) => void;
  readonly closed = new Promise<PortError | undefined>((resolve) => {
    this.#resolveClosed = resolve;
  });
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #splitter = new MessageSplitter();
  readonly #calls: CallTable;
  readonly #onEvent: EventHandler;
  #keepalive: Keepalive | undefined;
  #isOpen = true;

  constructor(socket: Duplex, clock: Clock, onEvent: EventHandler) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#calls = new CallTable(clock, (header, body) => this.#send(header, body));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => this.#end(new Unavailable(`libvirt: ${error.message}`, error)));
    socket.on("end", () => this.#end(new Unavailable("libvirtd closed the connection")));
  }

  /**
   * Calls `procedure`. `onReply` runs before the next message is looked at: what it notes is known
   * when an event follows in the same read.
   */
  call<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    args: Args,
    onReply?: (reply: Reply) => void,
  ): Promise<Reply> {
    return this.#calls.start(procedure, args, onReply);
  }

  /** From now on a silent peer is pinged, and given up when it stays silent. */
  startKeepalive(): void {
    if (!this.#isOpen) return;
    this.#keepalive = new Keepalive({
      clock: this.#clock,
      intervalSeconds: keepaliveIntervalSeconds,
      silentIntervalsMax,
      ping: () => this.#sendKeepalive(keepaliveProcedure.ping),
      dead: () => this.#end(new Unavailable("libvirtd no longer answers")),
    });
  }

  /** Ends the channel; `reason` is what calls under way and `closed` get to know. */
  close(reason?: PortError): void {
    this.#end(reason);
  }

  #end(reason: PortError | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#keepalive?.stop();
    this.#socket.destroy();
    this.#calls.end(reason ?? new Unavailable("the connection to libvirt was closed"));
    this.#resolveClosed(reason);
  }

  #read(chunk: Buffer): void {
    try {
      for (const message of this.#splitter.push(chunk)) {
        if (!this.#isOpen) return;
        this.#keepalive?.heard();
        this.#take(message);
      }
    } catch (error) {
      this.#end(protocolErrorOf(error));
    }
  }

  #take(message: Message): void {
    const { header } = message;
    if (header.type === messageType.reply) return this.#calls.settle(message);
    if (header.type !== messageType.event || header.status !== messageStatus.ok) {
      throw new ProtocolError(`a message of type ${header.type} and status ${header.status}`);
    }
    if (!isSameProgram(header.program, keepaliveProgram)) return this.#onEvent(message);
    if (header.procedure === keepaliveProcedure.ping) this.#sendKeepalive(keepaliveProcedure.pong);
  }

  #sendKeepalive(procedure: number): void {
    const { event: type } = messageType;
    const { ok: status } = messageStatus;
    this.#send({ program: keepaliveProgram, procedure, type, serial: 0, status }, Buffer.alloc(0));
  }

  #send(header: MessageHeader, body: Buffer): void {
    this.#socket.write(encodeMessage(header, body));
    if (this.#socket.writableLength > unsentBytesMax) {
      this.#end(new Unavailable("libvirtd does not read what it is sent"));
    }
  }
}

function protocolErrorOf(error: unknown): PortError {
  if (error instanceof PortError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ProtocolError(`libvirt's answer makes no sense: ${message}`, error);
}
