// SPDX-License-Identifier: Apache-2.0
/** The few answers of libvirtd that a pod's programs ask for, on a socket of the test's own. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

const headerBytes = 28;
const programs = { remote: 0x20008086, qemu: 0x20008087 };
const refused = 1;
const reply = 1;
/** Name `vm`, a UUID, the id 1: a domain as libvirt describes it on the wire. */
const domain = Buffer.concat([numbers(2), Buffer.from("vm\0\0"), Buffer.alloc(16, 7), numbers(1)]);

const procedures = { open: 1, capabilities: 7, shutdown: 258, list: 273 };
/** Of QEMU's own program. */
const agentCommand = 3;

export class FakeLibvirtd {
  /** The procedures called, in their order. */
  readonly calls: string[] = [];
  /** The bodies of the calls of `shutdown`. */
  readonly shutdowns: Buffer[] = [];
  /** What the guest does when its power button is pressed. */
  onPowerButton = (): void => undefined;
  /** What the guest's agent answers to a command; undefined refuses it, as without an agent. */
  onAgentCommand = (_command: string): string | undefined => undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, "listening");
  }

  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let received = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= received.readUInt32BE(0)) {
        const frame = received.subarray(0, received.readUInt32BE(0));
        received = received.subarray(frame.length);
        // A keepalive message may come between call and reply.
        socket.write(frameOf(0x6b656570, [1, 2, 0], Buffer.alloc(0)));
        socket.write(this.#answer(frame));
      }
    });
  }

  #answer(frame: Buffer): Buffer {
    const procedure = frame.readUInt32BE(12);
    const serial = frame.readUInt32BE(20);
    if (frame.readUInt32BE(4) === programs.qemu) return this.#answerForAgent(frame, serial);
    const entry = Object.entries(procedures).find(([, number]) => number === procedure);
    const name = entry?.[0] ?? `procedure ${procedure}`;
    this.calls.push(name);
    if (name === "shutdown") {
      this.shutdowns.push(frame.subarray(headerBytes));
      this.onPowerButton();
    }
    const bodies: Readonly<Record<string, Buffer>> = {
      capabilities: Buffer.alloc(200_000, "x"),
      list: Buffer.concat([numbers(1), domain, numbers(1)]),
    };
    return frameOf(programs.remote, [procedure, reply, serial], bodies[name] ?? Buffer.alloc(0));
  }

  /** The command stands after the domain; its answer is a text if there is one. */
  #answerForAgent(frame: Buffer, serial: number): Buffer {
    const from = headerBytes + domain.length;
    const length = frame.readUInt32BE(from);
    const command = frame.subarray(from + 4, from + 4 + length).toString();
    const answer = this.onAgentCommand(command);
    const call = [agentCommand, reply, serial];
    if (answer !== undefined) return frameOf(programs.qemu, call, xdrText(answer));
    const error = Buffer.concat([numbers(86, 10), xdrText("QEMU guest agent is not connected")]);
    return frameOf(programs.qemu, [...call, refused], error);
  }
}

/** The arguments of a shutdown by the ACPI power button of the one domain. */
export const powerButton = Buffer.concat([domain, numbers(1)]);

function frameOf(program: number, call: readonly number[], body: Buffer): Buffer {
  const [procedure = 0, type = 0, serial = 0, status = 0] = call;
  const length = headerBytes + body.length;
  return Buffer.concat([numbers(length, program, 1, procedure, type, serial, status), body]);
}

/** A text that may be absent, and is not. */
function xdrText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const padding = Buffer.alloc((4 - (bytes.length % 4)) % 4);
  return Buffer.concat([numbers(1, bytes.length), bytes, padding]);
}

function numbers(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => buffer.writeUInt32BE(value, 4 * index));
  return buffer;
}
