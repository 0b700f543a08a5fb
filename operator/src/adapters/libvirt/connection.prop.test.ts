// SPDX-License-Identifier: Apache-2.0
import { duplexPair } from "node:stream";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PortError } from "../../ports/errors.ts";
import type { DomainEvent } from "../../ports/libvirt.ts";
import { FakeClock, settle } from "../../testing/fake-clock.ts";
import { answerOpen, encode, eventOf, LibvirtPeer } from "../../testing/libvirt-peer.ts";
import { RpcConnection } from "./connection.ts";
import { domain as domainCodec } from "./domain.ts";
import { encodeMessage } from "./message.ts";
import { keepaliveProgram, procedures, remoteProgram } from "./procedures.ts";
import { int32, struct } from "./xdr.ts";

const uuid = "6f1c2a52-0b6c-4d34-9b8a-0a5d3d8a1001";
const domain = { name: "web-1", uuid };
const none = new Uint8Array();

/** The calls under way while the peer misbehaves have the serials after those of opening. */
const serials = fc.integer({ min: 7, max: 12 });

function replyOf(procedure: number, status: number, body: Uint8Array): fc.Arbitrary<Buffer> {
  const header = { program: remoteProgram, procedure, type: 1, status };
  return serials.map((serial) => encodeMessage({ ...header, serial }, body));
}

const lifecycle = struct({ callback: int32, domain: domainCodec, event: int32, detail: int32 });

/** What a daemon may say: right answers, to the right call or not, events and pings. */
const messages = fc.oneof(
  replyOf(212, 0, encode(procedures.getState.reply, { state: 1, reason: 1 })),
  replyOf(14, 0, encode(procedures.getXml.reply, "<domain/>")),
  replyOf(273, 0, encode(procedures.listAllDomains.reply, { domains: [domain], count: 1 })),
  replyOf(212, 1, Buffer.alloc(44)),
  fc
    .record({ event: fc.integer({ min: -1, max: 9 }), detail: fc.integer({ min: -1, max: 9 }) })
    .map((change) => eventOf(318, encode(lifecycle, { callback: 100, domain, ...change }))),
  fc
    .integer({ min: 0, max: 3 })
    .map((procedure) =>
      encodeMessage({ program: keepaliveProgram, procedure, type: 2, serial: 0, status: 0 }, none),
    ),
);

const damages = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) });

const damagedMessages = fc
  .tuple(messages, fc.array(damages, { minLength: 1, maxLength: 3 }))
  .map(([message, changes]) => {
    for (const { at, byte } of changes) message[at % message.length] = byte;
    return message;
  });

const cutMessages = fc
  .tuple(messages, fc.nat())
  .map(([message, at]) => message.subarray(0, at % message.length));

const chunks = fc.oneof(
  { weight: 6, arbitrary: messages },
  { weight: 2, arbitrary: damagedMessages },
  { weight: 1, arbitrary: cutMessages },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 64 }) },
);

function startCalls(connection: RpcConnection): Promise<unknown>[] {
  const calls = [
    connection.getDomainStatus(uuid),
    connection.getDomainXml(uuid),
    connection.listDomains(),
    connection.getDomainStatus(uuid),
    connection.lookupDomain(uuid),
    connection.getVersions(),
  ];
  return calls.map((call: Promise<unknown>) => call.catch((error: unknown) => error));
}

/** Opens a connection with calls under way, lets the peer say `said`, and closes it. */
async function suffer(said: readonly Uint8Array[]): Promise<void> {
  const [near, far] = duplexPair();
  const clock = new FakeClock();
  const peer = new LibvirtPeer(far);
  const connection = new RpcConnection(near, clock);
  await Promise.all([connection.open(), answerOpen(peer)]);
  const events: DomainEvent[] = [];
  connection.subscribe((event) => events.push(event));

  const calls = startCalls(connection);
  for (const chunk of said) peer.write(chunk);
  await settle();
  await settle();
  connection.close();

  const end = await connection.closed;
  if (end !== undefined) expect(end).toBeInstanceOf(PortError);
  for (const outcome of await Promise.all(calls)) {
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(PortError);
  }
  for (const event of events) expect(event.domain.uuid).toMatch(/^[0-9a-f-]{36}$/);
  expect(clock.pending).toBe(0);
}

test("whatever the daemon says, calls end, and with nothing but port errors", async () => {
  await fc.assert(fc.asyncProperty(fc.array(chunks, { maxLength: 12 }), suffer), { numRuns: 400 });
});
