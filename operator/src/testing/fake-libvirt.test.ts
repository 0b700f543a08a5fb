// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { TimedOut, Unavailable } from "../ports/errors.ts";
import { ProtocolError, type DomainEvent, type LibvirtConnection } from "../ports/libvirt.ts";
import { settle } from "./fake-clock.ts";
import { FakeLibvirt, type FakeDaemon } from "./fake-libvirt.ts";
import { describeLibvirtConformance } from "./libvirt.conformance.ts";
import type { LibvirtHost } from "./libvirt-world.ts";

async function makeFakeHost(): Promise<LibvirtHost> {
  const libvirt = new FakeLibvirt();
  const socketPath = "/run/libvirt-sock";
  const daemon = libvirt.daemon(socketPath);
  const obeying = new Set<string>();
  daemon.onPowerButton = (guest) => {
    if (obeying.has(guest.domain.uuid)) guest.powerOff();
  };
  return {
    libvirt,
    socketPath,
    async makeGuest({ name, uuid }, powerButton) {
      if (powerButton === "obeys") obeying.add(uuid);
      const channel = "<channel><target name='org.qemu.guest_agent.0'/></channel>";
      return `<domain><name>${name}</name><uuid>${uuid}</uuid>${channel}</domain>`;
    },
    async untilBooted() {},
    async qemuPid({ uuid }) {
      return daemon.guest(uuid)?.pid;
    },
    async killQemu({ uuid }) {
      daemon.guest(uuid)?.killQemu();
    },
    async killDaemon() {
      daemon.kill();
    },
    async startDaemon() {
      daemon.start();
    },
    async close() {},
  };
}

describeLibvirtConformance("fake", makeFakeHost);

describe("the world around a fake libvirtd", () => {
  const uuid = "6f1c2a52-0b6c-4d34-9b8a-0a5d3d8a1001";
  const domain = { name: "web-1", uuid };
  const channel = "<channel><target name='org.qemu.guest_agent.0'/></channel>";
  const xml = `<domain><name>web-1</name><uuid>${uuid}</uuid>${channel}</domain>`;
  const options = { timeoutSeconds: 10 };

  let libvirt: FakeLibvirt;
  let daemon: FakeDaemon;
  let connection: LibvirtConnection;
  let events: DomainEvent[];

  beforeEach(async () => {
    libvirt = new FakeLibvirt();
    daemon = libvirt.daemon("/run/libvirt-sock");
    connection = await libvirt.connect("/run/libvirt-sock", options);
    await connection.createDomain(xml);
    await settle();
    events = [];
    connection.subscribe((event) => events.push(event));
  });

  test("has nobody listening where no daemon was made", async () => {
    await expect(libvirt.connect("/run/other", options)).rejects.toBeInstanceOf(Unavailable);
  });

  test("connects, answers as and disconnects the guest agent", async () => {
    const guest = daemon.mustGuest(uuid);
    guest.connectAgent((command) => `{"return":${command}}`);
    expect(await connection.sendAgentCommand(uuid, "1", 5)).toBe('{"return":1}');
    await connection.resetDomain(uuid);
    await expect(connection.sendAgentCommand(uuid, "1", 5)).rejects.toMatchObject({ code: 86 });
    expect(events).toEqual([
      { kind: "agent-lifecycle", domain, state: "connected", reason: "channel" },
      { kind: "agent-lifecycle", domain, state: "disconnected", reason: "channel" },
      { kind: "reboot", domain },
    ]);
  });

  test("pauses a guest whose disk fails", async () => {
    daemon.mustGuest(uuid).failDisk();
    await settle();
    expect(events).toEqual([{ kind: "lifecycle", domain, event: "suspended", detail: "ioerror" }]);
    expect(await connection.getDomainStatus(uuid)).toEqual({ state: "paused", reason: "ioerror" });
  });

  test("ends daemon and guests together, without a word, when power is lost", async () => {
    daemon.losePower();
    expect(await connection.closed).toBeInstanceOf(Unavailable);
    expect(events).toEqual([]);
    daemon.start();
    const again = await libvirt.connect("/run/libvirt-sock", options);
    expect(await again.listDomains()).toEqual([]);
  });

  test("lets a call fail, and sees every call", async () => {
    const seen: string[] = [];
    daemon.onCall = ({ method }) => {
      seen.push(method);
      if (method === "destroyDomain") throw new TimedOut("no answer");
    };
    await expect(connection.destroyDomain(uuid, "forced")).rejects.toBeInstanceOf(TimedOut);
    expect(await connection.lookupDomain(uuid)).toEqual(domain);
    expect(seen).toEqual(["destroyDomain", "lookupDomain"]);
  });

  test("tells each connection of what happens by another, and ends one whose listener throws", async () => {
    const other = await libvirt.connect("/run/libvirt-sock", options);
    other.subscribe(() => {
      throw new Error("a bug");
    });
    await other.suspendDomain(uuid);
    expect(await other.closed).toBeInstanceOf(ProtocolError);
    expect(events).toHaveLength(1);
  });
});
