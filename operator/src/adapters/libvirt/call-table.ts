// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../../ports/clock.ts";
import { PortError, TimedOut, Unavailable } from "../../ports/errors.ts";
import { ProtocolError } from "../../ports/libvirt.ts";
import { readError } from "./errors.ts";
import { isSameProgram, messageStatus, messageType } from "./message.ts";
import type { Message, MessageHeader } from "./message.ts";
import type { CallTarget, Procedure } from "./procedures.ts";
import { XdrWriter, type XdrReader } from "./xdr.ts";

/**
 * One less than libvirtd takes from a client at once (max_client_requests, 5 by default): at its
 * limit it stops reading, leaves pings unanswered and would seem dead while it is busy.
 */
const sentCallsMax = 4;
const waitingCallsMax = 256;
const serialMax = 0xffff_ffff;

interface Call {
  readonly target: CallTarget;
  readonly body: Buffer;
  /** Throws XdrError when the body is no reply of this procedure; the call still waits then. */
  readonly resolve: (body: XdrReader) => void;
  readonly reject: (error: PortError) => void;
  readonly cancelTimeout: () => void;
}

/** The calls of one channel: those that wait, and those that were sent and have no reply yet. */
export class CallTable {
  readonly #clock: Clock;
  readonly #send: (header: MessageHeader, body: Buffer) => void;
  #waiting: Call[] = [];
  /** By serial. A call that timed out keeps its place, for libvirtd still works on it. */
  readonly #sent = new Map<number, Call>();
  #lastSerial = 0;
  #end: PortError | undefined;

  constructor(clock: Clock, send: (header: MessageHeader, body: Buffer) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  async start<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    args: Args,
    onReply?: (reply: Reply) => void,
  ): Promise<Reply> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#waiting.length === waitingCallsMax) {
      throw new Unavailable(`${waitingCallsMax} calls wait for libvirtd already`);
    }
    const body = encodeArgs(procedure, args);
    return new Promise((resolve, reject) => {
      const call: Call = {
        target: procedure,
        body,
        resolve(reader) {
          const reply = procedure.reply.read(reader);
          reader.end();
          onReply?.(reply);
          resolve(reply);
        },
        reject,
        cancelTimeout: this.#clock.after(procedure.timeoutSeconds * 1000, () => this.#expire(call)),
      };
      this.#waiting.push(call);
      this.#sendWaiting();
    });
  }

  /** Takes a reply. Throws ProtocolError or XdrError when it is none to a call of ours. */
  settle({ header, body }: Message): void {
    const call = this.#sent.get(header.serial);
    if (call === undefined || !isReplyTo(call.target, header)) {
      throw new ProtocolError(`a reply with serial ${header.serial} to no call of ours`);
    }
    if (header.status === messageStatus.ok) call.resolve(body);
    else if (header.status === messageStatus.error) call.reject(readError(body));
    else throw new ProtocolError(`a reply of status ${header.status}`);
    call.cancelTimeout();
    this.#sent.delete(header.serial);
    this.#sendWaiting();
  }

  /** Rejects what waits and what will be asked, with the same error. */
  end(error: PortError): void {
    this.#end = error;
    for (const call of [...this.#waiting, ...this.#sent.values()]) {
      call.cancelTimeout();
      call.reject(error);
    }
    this.#waiting = [];
    this.#sent.clear();
  }

  #sendWaiting(): void {
    while (this.#sent.size < sentCallsMax) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      this.#lastSerial = (this.#lastSerial % serialMax) + 1;
      this.#sent.set(this.#lastSerial, call);
      const { program, number } = call.target;
      this.#send(
        {
          program,
          procedure: number,
          type: messageType.call,
          serial: this.#lastSerial,
          status: messageStatus.ok,
        },
        call.body,
      );
    }
  }

  #expire(call: Call): void {
    const { number, timeoutSeconds } = call.target;
    this.#waiting = this.#waiting.filter((waiting) => waiting !== call);
    call.reject(
      new TimedOut(`libvirt did not answer within ${timeoutSeconds} s (procedure ${number})`),
    );
  }
}

function encodeArgs<Args>(procedure: Procedure<Args, unknown>, args: Args): Buffer {
  const writer = new XdrWriter();
  try {
    procedure.args.write(writer, args);
  } catch (cause) {
    const message = `libvirt cannot be sent this: ${(cause as Error).message}`;
    throw new PortError("InvalidArgument", message, { retry: "never", cause });
  }
  return writer.finish();
}

function isReplyTo({ program, number }: CallTarget, header: MessageHeader): boolean {
  return isSameProgram(program, header.program) && number === header.procedure;
}
