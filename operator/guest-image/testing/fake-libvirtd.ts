// SPDX-License-Identifier: Apache-2.0
/** The few answers of libvirtd that init asks for, on a socket of the test's own. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

const headerBytes = 28;
const reply = 1;
/** Name `vm`, a UUID, the id 1: a domain as libvirt describes it on the wire. */
const domain = Buffer.concat([numbers(2), Buffer.from("vm\0\0"), Buffer.alloc(16, 7), numbers(1)]);

const procedures = { open: 1, capabilities: 7, shutdown: 258, list: 273 };

export class FakeLibvirtd {
  /** The procedures called, in their order. */
  readonly calls: string[] = [];
  /** The bodies of the calls of `shutdown`. */
  readonly shutdowns: Buffer[] = [];
  /** What the guest does when its power button is pressed. */
  onPowerButton = (): void => undefined;
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
    return frameOf(0x20008086, [procedure, reply, serial], bodies[name] ?? Buffer.alloc(0));
  }
}

/** The arguments of a shutdown by the ACPI power button of the one domain. */
export const powerButton = Buffer.concat([domain, numbers(1)]);

function frameOf(program: number, call: readonly number[], body: Buffer): Buffer {
  const [procedure = 0, type = 0, serial = 0] = call;
  const length = headerBytes + body.length;
  return Buffer.concat([numbers(length, program, 1, procedure, type, serial, 0), body]);
}

function numbers(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => buffer.writeUInt32BE(value, 4 * index));
  return buffer;
}
