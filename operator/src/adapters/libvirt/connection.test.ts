// SPDX-License-Identifier: Apache-2.0
import { duplexPair } from "node:stream";
import { beforeEach, describe, expect, test } from "vitest";
import { Refused } from "../../ports/errors.ts";
import { ProtocolError, type DomainEvent } from "../../ports/libvirt.ts";
import { FakeClock, settle } from "../../testing/fake-clock.ts";
import { answerOpen, encode, eventOf, LibvirtPeer, replyTo } from "../../testing/libvirt-peer.ts";
import { RpcConnection } from "./connection.ts";
import { domain as domainCodec } from "./domain.ts";
import { procedures, qemuProgram, type Procedure } from "./procedures.ts";
import { int32, struct } from "./xdr.ts";

const uuid = "6f1c2a52-0b6c-4d34-9b8a-0a5d3d8a1001";
const domain = { name: "web-1", uuid };
const lifecycle = struct({ callback: int32, domain: domainCodec, event: int32, detail: int32 });
const reboot = struct({ callback: int32, domain: domainCodec });
const agentLifecycle = struct({
  callback: int32,
  domain: domainCodec,
  state: int32,
  reason: int32,
});

let peer: LibvirtPeer;
let connection: RpcConnection;

beforeEach(() => {
  const [near, far] = duplexPair();
  peer = new LibvirtPeer(far);
  connection = new RpcConnection(near, new FakeClock());
});

async function open(): Promise<DomainEvent[]> {
  await Promise.all([connection.open(), answerOpen(peer)]);
  const events: DomainEvent[] = [];
  connection.subscribe((event) => events.push(event));
  return events;
}

/** Lets `call` happen, answers it with `reply` and returns the arguments that libvirtd got. */
async function answered<Args, Reply>(
  call: Promise<unknown>,
  procedure: Procedure<Args, Reply>,
  reply: Reply,
): Promise<Args> {
  await settle();
  const message = peer.take();
  expect(message.header).toMatchObject({ program: procedure.program, procedure: procedure.number });
  peer.reply(message, procedure, reply);
  await call;
  return procedure.args.read(message.body);
}

describe("opening", () => {
  test("introduces us: no authentication, session mode, keepalive, three events", async () => {
    const opening = connection.open();
    await settle();
    peer.reply(peer.take(), procedures.authList, { types: [0] });
    await settle();
    const connect = peer.take();
    expect(procedures.connectOpen.args.read(connect.body)).toEqual({
      uri: "qemu:///session",
      flags: 0,
    });
    peer.reply(connect, procedures.connectOpen, undefined);
    await settle();
    const feature = peer.take();
    expect(procedures.supportsFeature.args.read(feature.body)).toEqual({ feature: 10 });
    peer.reply(feature, procedures.supportsFeature, { is: 0 });
    const registrations = [peer.take(), peer.take(), peer.take()];
    expect(registrations.map(({ body }) => procedures.registerEvent.args.read(body).event)).toEqual(
      [0, 1, 18],
    );
    for (const [index, registration] of registrations.entries()) {
      peer.reply(registration, procedures.registerEvent, { callback: index });
    }
    await opening;
    expect(peer.messages).toEqual([]);
  });

  test("is refused when libvirtd wants to know who we are", async () => {
    const opening = connection.open().catch((error: unknown) => error);
    await settle();
    peer.reply(peer.take(), procedures.authList, { types: [1, 2] });
    expect(await opening).toBeInstanceOf(Refused);
    expect(await opening).toMatchObject({ reason: "AuthenticationRequired" });
  });

  test("takes an event that follows its registration in the same read", async () => {
    const events: DomainEvent[] = [];
    connection.subscribe((event) => events.push(event));
    const opening = connection.open();
    await settle();
    peer.reply(peer.take(), procedures.authList, { types: [0] });
    await settle();
    peer.reply(peer.take(), procedures.connectOpen, undefined);
    await settle();
    const [feature, registration, ...others] = [peer.take(), peer.take(), peer.take(), peer.take()];
    peer.write(
      Buffer.concat([
        replyTo(registration, 0, encode(procedures.registerEvent.reply, { callback: 5 })),
        eventOf(318, encode(lifecycle, { callback: 5, domain, event: 2, detail: 0 })),
      ]),
    );
    peer.reply(feature, procedures.supportsFeature, { is: 0 });
    for (const other of others) peer.reply(other, procedures.registerEvent, { callback: 6 });
    await opening;
    expect(events).toEqual([{ kind: "lifecycle", domain, event: "started", detail: "booted" }]);
  });
});

describe("an event", () => {
  test.each([
    [2, 0, "started", "booted"],
    [5, 0, "stopped", "shutdown"],
    [5, 2, "stopped", "crashed"],
    [5, 5, "stopped", "failed"],
    [6, 1, "shutdown", "guest"],
    [3, 2, "suspended", "ioerror"],
    [8, 0, "crashed", "panicked"],
    [5, 99, "stopped", "unknown"],
    [5, -1, "stopped", "unknown"],
  ])("of lifecycle %i, detail %i, is %s %s", async (event, detail, word, detailWord) => {
    const events = await open();
    peer.event(318, lifecycle, { callback: 100, domain, event, detail });
    await settle();
    expect(events).toEqual([{ kind: "lifecycle", domain, event: word, detail: detailWord }]);
  });

  test("tells of a reboot and of the guest agent", async () => {
    const events = await open();
    peer.event(319, reboot, { callback: 101, domain });
    peer.event(348, agentLifecycle, { callback: 102, domain, state: 1, reason: 2 });
    peer.event(348, agentLifecycle, { callback: 102, domain, state: 2, reason: 77 });
    await settle();
    expect(events).toEqual([
      { kind: "reboot", domain },
      { kind: "agent-lifecycle", domain, state: "connected", reason: "channel" },
      { kind: "agent-lifecycle", domain, state: "disconnected", reason: "unknown" },
    ]);
  });

  test("of a kind that a newer libvirt may have is passed over", async () => {
    const events = await open();
    peer.event(318, lifecycle, { callback: 100, domain, event: 99, detail: 0 });
    peer.event(318, lifecycle, { callback: 100, domain, event: -1, detail: 0 });
    peer.event(348, agentLifecycle, { callback: 102, domain, state: 9, reason: 0 });
    peer.event(319, reboot, { callback: 101, domain });
    await settle();
    expect(events).toEqual([{ kind: "reboot", domain }]);
  });

  test("reaches every subscriber that is left, also one subscribed twice", async () => {
    const events = await open();
    const seen: DomainEvent[] = [];
    const listener = (event: DomainEvent): number => seen.push(event);
    const unsubscribe = connection.subscribe(listener);
    connection.subscribe(listener);
    unsubscribe();
    peer.event(319, reboot, { callback: 101, domain });
    await settle();
    expect(events).toHaveLength(1);
    expect(seen).toHaveLength(1);
  });

  test("whose listener throws ends the connection, with the error as cause", async () => {
    await open();
    const bug = new Error("a bug");
    connection.subscribe(() => {
      throw bug;
    });
    peer.event(319, reboot, { callback: 101, domain });
    const end = await connection.closed;
    expect(end).toBeInstanceOf(ProtocolError);
    expect(end?.cause).toBe(bug);
  });

  test.each([
    [
      "for a callback that is not ours",
      318,
      lifecycle,
      { callback: 7, domain, event: 2, detail: 0 },
    ],
    ["of a procedure that is no event", 212, reboot, { callback: 100, domain }],
    ["that was not asked for", 333, reboot, { callback: 100, domain }],
    ["with more than its layout", 319, lifecycle, { callback: 101, domain, event: 2, detail: 0 }],
    ["with less than its layout", 318, reboot, { callback: 100, domain }],
  ] as const)("%s ends the connection", async (_what, procedure, layout, value) => {
    await open();
    peer.event(procedure, layout, value);
    expect(await connection.closed).toBeInstanceOf(ProtocolError);
  });
});

describe("a method", () => {
  beforeEach(async () => {
    await open();
  });

  test("asks for what its flags say", async () => {
    const { createXml, destroy, getXml, shutdown } = procedures;
    expect(
      await answered(
        connection.createDomain("<domain/>", ["paused", "validate"]),
        createXml,
        domain,
      ),
    ).toEqual({ xml: "<domain/>", flags: 17 });
    expect(await answered(connection.destroyDomain(uuid, "forced"), destroy, undefined)).toEqual({
      domain: uuid,
      flags: 0,
    });
    expect(
      await answered(connection.destroyDomain(uuid, "graceful"), destroy, undefined),
    ).toMatchObject({ flags: 1 });
    expect(
      await answered(connection.shutdownDomain(uuid, "acpi"), shutdown, undefined),
    ).toMatchObject({ flags: 1 });
    expect(
      await answered(connection.shutdownDomain(uuid, "agent"), shutdown, undefined),
    ).toMatchObject({ flags: 2 });
    expect(
      await answered(
        connection.getDomainXml(uuid, ["inactive", "migratable"]),
        getXml,
        "<domain/>",
      ),
    ).toMatchObject({ flags: 10 });
  });

  test("reads versions as libvirt counts them", async () => {
    const call = connection.getVersions();
    await settle();
    peer.reply(peer.take(), procedures.getLibVersion, 11_003_000n);
    peer.reply(peer.take(), procedures.getVersion, 10_000_013n);
    expect(await call).toEqual({ libvirt: "11.3.0", hypervisor: "10.0.13" });
  });

  test.each([
    [1, 1, { state: "running", reason: "booted" }],
    [3, 5, { state: "paused", reason: "ioerror" }],
    [5, 8, { state: "shutoff", reason: "daemon" }],
    [3, 99, { state: "paused", reason: "unknown" }],
    [99, 1, { state: "nostate", reason: "unknown" }],
    [-1, -1, { state: "nostate", reason: "unknown" }],
  ])("reads state %i, reason %i, as words", async (state, reason, status) => {
    const call = connection.getDomainStatus(uuid);
    await answered(call, procedures.getState, { state, reason });
    expect(await call).toEqual(status);
  });

  test("lists and finds domains by their names", async () => {
    const listing = connection.listDomains();
    await answered(listing, procedures.listAllDomains, { domains: [domain], count: 1 });
    expect(await listing).toEqual([domain]);
    const lookup = connection.lookupDomain(uuid.toUpperCase());
    expect(await answered(lookup, procedures.lookupByUuid, domain)).toBe(uuid);
    expect(await lookup).toEqual(domain);
  });

  test("finds undefined for an unknown domain, and throws what else goes wrong", async () => {
    const unknown = connection.lookupDomain(uuid);
    await settle();
    peer.refuse(peer.take(), 42, "no domain");
    expect(await unknown).toBeUndefined();
    const failed = connection.lookupDomain(uuid);
    await settle();
    peer.refuse(peer.take(), 38, "out of files");
    await expect(failed).rejects.toMatchObject({ reason: "SystemError" });
  });

  test("hands the guest agent's answer on, from QEMU's own program", async () => {
    const call = connection.sendAgentCommand(uuid, '{"execute":"guest-ping"}', 3);
    expect(await answered(call, procedures.agentCommand, '{"return":{}}')).toEqual({
      domain: uuid,
      command: '{"execute":"guest-ping"}',
      timeoutSeconds: 3,
      flags: 0,
    });
    expect(procedures.agentCommand.program).toBe(qemuProgram);
    expect(await call).toBe('{"return":{}}');
  });

  test("asks for the capabilities of a kind of machine", async () => {
    const call = connection.getDomainCapabilities({ machine: "q35", virtType: "kvm" });
    expect(
      await answered(call, procedures.getDomainCapabilities, "<domainCapabilities/>"),
    ).toMatchObject({ machine: "q35", virtType: "kvm", arch: undefined, emulator: undefined });
  });
});
