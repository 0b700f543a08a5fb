// SPDX-License-Identifier: Apache-2.0
import { duplexPair } from "node:stream";
import { beforeEach, describe, expect, test } from "vitest";
import { PortError, TimedOut, Unavailable } from "../../ports/errors.ts";
import { LibvirtError, NoDomain, ProtocolError } from "../../ports/libvirt.ts";
import { FakeClock, settle } from "../../testing/fake-clock.ts";
import { encode, eventOf, LibvirtPeer, replyTo } from "../../testing/libvirt-peer.ts";
import { encodeMessage, messageBytesMax, type Message } from "./message.ts";
import { keepaliveProgram, procedures, remoteProgram } from "./procedures.ts";
import { RpcChannel } from "./rpc-channel.ts";
import { int32 } from "./xdr.ts";

const { getCapabilities, getState, listAllDomains } = procedures;
const uuid = "6f1c2a52-0b6c-4d34-9b8a-0a5d3d8a1001";

let clock: FakeClock;
let peer: LibvirtPeer;
let channel: RpcChannel;
let events: Message[];

beforeEach(() => {
  const [near, far] = duplexPair();
  clock = new FakeClock();
  events = [];
  peer = new LibvirtPeer(far);
  channel = new RpcChannel(near, clock, (event) => events.push(event));
});

/** What became of a promise so far. */
interface Tracked {
  state: "pending" | "fulfilled" | "rejected";
  value?: unknown;
}

function track(promise: Promise<unknown>): Tracked {
  const tracked: Tracked = { state: "pending" };
  promise.then(
    (value) => Object.assign(tracked, { state: "fulfilled", value }),
    (error: unknown) => Object.assign(tracked, { state: "rejected", value: error }),
  );
  return tracked;
}

async function startCall(): Promise<Tracked> {
  const call = track(channel.call(getCapabilities, undefined));
  await settle();
  return call;
}

async function expectEnd(
  reason: abstract new (...args: never[]) => PortError,
  message: RegExp,
): Promise<void> {
  const end = await channel.closed;
  expect(end).toBeInstanceOf(reason);
  expect(end?.message).toMatch(message);
  expect(clock.pending).toBe(0);
}

function keepalive(procedure: number): Buffer {
  const header = { program: keepaliveProgram, procedure, type: 2, serial: 0, status: 0 };
  return encodeMessage(header, new Uint8Array());
}

describe("a call", () => {
  test("is sent with program, procedure and a serial, and gets its reply", async () => {
    const call = channel.call(getState, { domain: uuid, flags: 0 });
    await settle();
    const sent = peer.take();
    expect(sent.header).toEqual({
      program: remoteProgram,
      procedure: 212,
      type: 0,
      serial: 1,
      status: 0,
    });
    expect(getState.args.read(sent.body)).toEqual({ domain: uuid, flags: 0 });
    peer.reply(sent, getState, { state: 1, reason: 5 });
    expect(await call).toEqual({ state: 1, reason: 5 });
    expect(clock.pending).toBe(0);
  });

  test("gets its own reply, whatever the order", async () => {
    const one = await startCall();
    const two = await startCall();
    const [first, second] = [peer.take(), peer.take()];
    expect(second.header.serial).not.toBe(first.header.serial);
    peer.reply(second, getCapabilities, "two");
    peer.reply(first, getCapabilities, "one");
    await settle();
    expect([one.value, two.value]).toEqual(["one", "two"]);
  });

  test("throws libvirt's error with its code, reason and retry", async () => {
    const call = await startCall();
    peer.refuse(peer.take(), 27, "XML error: no domain");
    await settle();
    expect(call.value).toBeInstanceOf(LibvirtError);
    expect(call.value).toMatchObject({
      code: 27,
      reason: "XmlError",
      retry: "never",
      message: "XML error: no domain",
    });
  });

  test("throws NoDomain for error 42", async () => {
    const call = await startCall();
    peer.refuse(peer.take(), 42, "no domain");
    await settle();
    expect(call.value).toBeInstanceOf(NoDomain);
  });

  test("throws an error of a bounded length, also one without a text or of unknown code", async () => {
    const long = await startCall();
    peer.refuse(peer.take(), 4711, "x".repeat(1_000_000));
    const empty = await startCall();
    peer.refuse(peer.take(), 1);
    await settle();
    expect(long.value).toMatchObject({ code: 4711, reason: "LibvirtError", retry: "backoff" });
    expect((long.value as Error).message.length).toBeLessThan(2000);
    expect((empty.value as Error).message).not.toBe("");
  });

  test("is refused before it is sent when the protocol cannot carry its arguments", async () => {
    for (const domain of ["no-uuid", `${uuid}\0`]) {
      const call = track(channel.call(getState, { domain, flags: 0 }));
      await settle();
      expect(call.value).toMatchObject({ reason: "InvalidArgument", retry: "never" });
    }
    expect(peer.messages).toEqual([]);
  });

  test("times out when no answer comes, and takes no harm from a late one", async () => {
    const late = await startCall();
    await clock.advance(getCapabilities.timeoutSeconds * 1000);
    expect(late.value).toBeInstanceOf(TimedOut);
    peer.reply(peer.take(), getCapabilities, "late");
    const next = await startCall();
    peer.reply(peer.take(), getCapabilities, "in time");
    await settle();
    expect(next.value).toBe("in time");
  });
});

describe("calls", () => {
  test("wait when libvirtd has as many as it takes, and go on as it answers", async () => {
    const calls = await Promise.all([1, 2, 3, 4, 5, 6].map(startCall));
    expect(peer.messages).toHaveLength(4);
    peer.reply(peer.take(), getCapabilities, "first");
    await settle();
    expect(calls[0]?.value).toBe("first");
    expect(peer.messages.map(({ header }) => header.serial)).toEqual([2, 3, 4, 5]);
  });

  test("that timed out keep their place until libvirtd is done with them", async () => {
    for (let sent = 0; sent < 4; sent += 1) await startCall();
    await clock.advance(getCapabilities.timeoutSeconds * 1000);
    const waiting = await startCall();
    expect(peer.messages).toHaveLength(4);
    peer.reply(peer.take(), getCapabilities, "late");
    await settle();
    peer.reply(peer.messages[3] as Message, getCapabilities, "in time");
    await settle();
    expect(waiting.value).toBe("in time");
  });

  test("that time out while they wait are never sent", async () => {
    for (let sent = 0; sent < 4; sent += 1) await startCall();
    await clock.advance(1000);
    const waiting = track(channel.call(listAllDomains, { needResults: 1, flags: 0 }));
    await clock.advance(listAllDomains.timeoutSeconds * 1000);
    expect(waiting.value).toBeInstanceOf(TimedOut);
    for (let sent = 0; sent < 4; sent += 1) peer.reply(peer.take(), getCapabilities, "");
    await settle();
    expect(peer.messages).toEqual([]);
  });

  test("are refused when too many wait", async () => {
    const calls = Array.from({ length: 4 + 256 }, () =>
      track(channel.call(getCapabilities, undefined)),
    );
    const refused = await startCall();
    expect(refused.value).toBeInstanceOf(Unavailable);
    expect(calls.every(({ state }) => state === "pending")).toBe(true);
  });

  test("all fail when the channel closes, as do those after", async () => {
    const calls = await Promise.all([1, 2, 3, 4, 5].map(startCall));
    channel.close();
    calls.push(await startCall());
    for (const { value } of calls) expect(value).toBeInstanceOf(Unavailable);
    expect(await channel.closed).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});

describe("an event", () => {
  test("is handed on, after the replies that came before it", async () => {
    const order: string[] = [];
    const [near, far] = duplexPair();
    const other = new LibvirtPeer(far);
    const ordered = new RpcChannel(near, clock, () => order.push("event"));
    void ordered.call(getCapabilities, undefined, () => order.push("reply"));
    await settle();
    const reply = replyTo(other.take(), 0, encode(getCapabilities.reply, ""));
    other.write(Buffer.concat([reply, eventOf(318, new Uint8Array())]));
    await settle();
    expect(order).toEqual(["reply", "event"]);
  });

  test("ends the channel when its handler throws", async () => {
    const [near, far] = duplexPair();
    const failing = new RpcChannel(near, clock, () => {
      throw new Error("no such event");
    });
    new LibvirtPeer(far).event(318, int32, 1);
    expect(await failing.closed).toBeInstanceOf(ProtocolError);
  });
});

describe("keepalive", () => {
  const ping = 1;
  const pong = 2;

  test("answers a ping with a pong", async () => {
    peer.write(keepalive(ping));
    await settle();
    expect(peer.take().header).toMatchObject({
      program: keepaliveProgram,
      procedure: pong,
      type: 2,
    });
  });

  test("pings a silent peer, and gives it up when it stays silent", async () => {
    channel.startKeepalive();
    await clock.advance(15_000);
    expect(peer.messages.map(({ header }) => header.procedure)).toEqual([ping, ping, ping]);
    await clock.advance(5000);
    await expectEnd(Unavailable, /no longer answers/);
  });

  test("keeps a peer that answers", async () => {
    channel.startKeepalive();
    for (let seconds = 0; seconds < 100; seconds += 5) {
      await clock.advance(5000);
      expect(peer.take().header.procedure).toBe(ping);
      peer.write(keepalive(pong));
    }
    expect(track(channel.closed).state).toBe("pending");
  });

  test("stops with the channel", async () => {
    channel.startKeepalive();
    channel.close();
    channel.startKeepalive();
    expect(clock.pending).toBe(0);
  });
});

describe("a channel ends with a protocol error, and all calls with it, when the peer", () => {
  const sane = { program: remoteProgram, procedure: 7, type: 1, serial: 1, status: 0 };
  const empty = new Uint8Array();
  test.each([
    ["answers a call that was never made", encodeMessage({ ...sane, serial: 99 }, empty)],
    ["answers with another procedure", encodeMessage({ ...sane, procedure: 8 }, empty)],
    [
      "answers with another version",
      encodeMessage({ ...sane, program: { ...remoteProgram, version: 2 } }, empty),
    ],
    ["answers with another program", encodeMessage({ ...sane, program: keepaliveProgram }, empty)],
    ["answers with an unknown status", encodeMessage({ ...sane, status: 2 }, empty)],
    ["answers with a truncated body", encodeMessage(sane, Buffer.from("000000ff", "hex"))],
    ["answers with more than a body", encodeMessage(sane, Buffer.alloc(8))],
    ["answers with a truncated error", encodeMessage({ ...sane, status: 1 }, Buffer.alloc(8))],
    ["calls us", encodeMessage({ ...sane, type: 0 }, empty)],
    ["sends a stream", encodeMessage({ ...sane, type: 3 }, empty)],
    ["sends a failed event", encodeMessage({ ...sane, type: 2, status: 1 }, empty)],
    ["announces too long a message", Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["announces too short a message", Buffer.from([0, 0, 0, 27])],
  ])("%s", async (_what, bytes) => {
    const call = await startCall();
    peer.write(bytes);
    await expectEnd(ProtocolError, /./);
    expect(call.value).toBeInstanceOf(ProtocolError);
  });
});

describe("a channel", () => {
  test("ends when the peer hangs up", async () => {
    const call = await startCall();
    peer.hangUp();
    await expectEnd(Unavailable, /closed the connection/);
    expect(call.value).toBeInstanceOf(Unavailable);
  });

  test("ends when the peer does not read while it asks for answers", async () => {
    const [near] = duplexPair();
    const stuck = new RpcChannel(near, clock, () => {});
    const xml = "x".repeat(messageBytesMax - 100_000);
    const calls = [1, 2, 3].map(() => track(stuck.call(procedures.createXml, { xml, flags: 0 })));
    expect(await stuck.closed).toBeInstanceOf(Unavailable);
    await settle();
    expect(calls.map(({ state }) => state)).toEqual(["rejected", "rejected", "rejected"]);
  });

  test("says nothing more after its end", async () => {
    channel.close();
    peer.event(318, int32, 1);
    peer.write(keepalive(1));
    await settle();
    expect(events).toEqual([]);
    expect(peer.messages).toEqual([]);
  });
});
