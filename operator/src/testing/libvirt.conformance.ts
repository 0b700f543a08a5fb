// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PortError, Unavailable } from "../ports/errors.ts";
import { LibvirtError, NoDomain, type LibvirtConnection } from "../ports/libvirt.ts";
import { LibvirtWorld, type LibvirtHost } from "./libvirt-world.ts";

const booted = ["resumed unpaused", "started booted"] as const;

/** What the agent relies on, demanded alike of the real libvirtd and of the fake. */
export function describeLibvirtConformance(
  kind: "real" | "fake",
  makeHost: () => Promise<LibvirtHost>,
): void {
  describe(`a ${kind} libvirtd`, () => {
    const world = new LibvirtWorld();
    beforeAll(async () => {
      world.host = await makeHost();
    });
    afterAll(() => world.host.close());
    beforeEach(() => world.connect());
    afterEach(() => world.disconnect());

    describe("asked about itself", () => {
      testFacts(world);
    });
    describe("asked for a domain that it does not know", () => {
      testUnknownDomain(world);
    });
    describe("asked to create a domain", () => {
      testCreate(world);
    });
    describe("asked to stop a domain", () => {
      testStop(world);
    });
    describe("asked to pause a domain", () => {
      testPause(world);
    });
    describe("whose guest has no agent", () => {
      testAgent(world);
    });
    describe("when the world breaks", () => {
      testFaults(world);
    });
  });
}

function testFacts(world: LibvirtWorld): void {
  test("names its versions", async () => {
    const { libvirt, hypervisor } = await world.connection.getVersions();
    expect(libvirt).toMatch(/^\d+\.\d+\.\d+$/);
    expect(hypervisor).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("describes the host and what a domain may have", async () => {
    expect(await world.connection.getCapabilities()).toMatch(/^<capabilities\b/);
    const query = { arch: "x86_64", machine: "q35", virtType: "qemu" } as const;
    expect(await world.connection.getDomainCapabilities(query)).toMatch(/^<domainCapabilities\b/);
  });
}

function testUnknownDomain(world: LibvirtWorld): void {
  const uuid = "6f1c2a52-0b6c-4d34-9b8a-0a5d3d8affff";

  test("finds nothing", async () => {
    expect(await world.connection.lookupDomain(uuid)).toBeUndefined();
    expect(await world.connection.listDomains()).toEqual([]);
  });

  test.each([
    ["status", (connection: LibvirtConnection) => connection.getDomainStatus(uuid)],
    ["xml", (connection: LibvirtConnection) => connection.getDomainXml(uuid)],
    ["shutdown", (connection: LibvirtConnection) => connection.shutdownDomain(uuid, "acpi")],
    ["destroy", (connection: LibvirtConnection) => connection.destroyDomain(uuid, "forced")],
    ["suspend", (connection: LibvirtConnection) => connection.suspendDomain(uuid)],
    ["resume", (connection: LibvirtConnection) => connection.resumeDomain(uuid)],
    ["reset", (connection: LibvirtConnection) => connection.resetDomain(uuid)],
    ["agent", (connection: LibvirtConnection) => connection.sendAgentCommand(uuid, "{}", 1)],
  ])("refuses %s with NoDomain", async (_name, call) => {
    expect(await failure(call(world.connection))).toBeInstanceOf(NoDomain);
  });
}

function testCreate(world: LibvirtWorld): void {
  test("runs it and tells so", async () => {
    const domain = await world.start("ignores");
    expect(await world.connection.getDomainStatus(domain.uuid)).toEqual({
      state: "running",
      reason: "booted",
    });
    expect(await world.connection.lookupDomain(domain.uuid)).toEqual(domain);
    expect(await world.connection.listDomains()).toEqual([domain]);
    expect(await world.connection.getDomainXml(domain.uuid)).toContain(domain.uuid);
    await world.sees(domain, ...booted);
  });

  test("waits with the vCPUs when asked to", async () => {
    const domain = await world.start("ignores", ["paused"]);
    await world.sees(domain, "started booted", "suspended paused");
    expect((await world.connection.getDomainStatus(domain.uuid)).state).toBe("paused");
  });

  test("refuses one that runs already", async () => {
    const domain = await world.start("ignores");
    const xml = await world.host.makeGuest(domain, "ignores");
    const error = await refusal(world.connection.createDomain(xml));
    expect(error).toMatchObject({ code: 55, reason: "OperationInvalid", retry: "now" });
  });

  test("refuses a name or a uuid that another one has", async () => {
    const domain = await world.start("ignores");
    const other = world.newDomain();
    for (const twin of [
      { name: domain.name, uuid: other.uuid },
      { name: other.name, uuid: domain.uuid },
    ]) {
      const xml = await world.host.makeGuest(twin, "ignores");
      const error = await refusal(world.connection.createDomain(xml));
      expect(error).toMatchObject({ code: 9, reason: "OperationFailed" });
    }
    expect(await world.connection.listDomains()).toEqual([domain]);
  });

  test("refuses what is no domain, for good", async () => {
    const malformed = await refusal(world.connection.createDomain("<domain"));
    expect(malformed).toMatchObject({ reason: "XmlDetail", retry: "never" });
    const foreign = await refusal(world.connection.createDomain("<network></network>"));
    expect(foreign).toMatchObject({ reason: "XmlError", retry: "never" });
  });
}

function testStop(world: LibvirtWorld): void {
  test("presses the power button of a guest that obeys", async () => {
    const domain = await world.boot("obeys");
    await world.connection.shutdownDomain(domain.uuid, "acpi");
    await world.sees(domain, ...booted, "shutdown guest", "stopped shutdown");
    expect(await world.connection.lookupDomain(domain.uuid)).toBeUndefined();
  });

  test("presses the power button of a guest that does not care", async () => {
    const domain = await world.boot("ignores");
    await world.connection.shutdownDomain(domain.uuid, "acpi");
    await world.connection.shutdownDomain(domain.uuid, "acpi");
    // The guest that obeys is gone by then.
    await sleep(300);
    await world.sees(domain, ...booted);
    expect((await world.connection.getDomainStatus(domain.uuid)).state).toBe("running");
  });

  test.each(["graceful", "forced"] as const)("ends QEMU, %s", async (how) => {
    const domain = await world.start("ignores");
    await world.connection.destroyDomain(domain.uuid, how);
    expect(await world.connection.lookupDomain(domain.uuid)).toBeUndefined();
    await world.sees(domain, ...booted, "shutdown host", "stopped destroyed");
    const again = await failure(world.connection.destroyDomain(domain.uuid, how));
    expect(again).toBeInstanceOf(NoDomain);
  });

  test("starts the same domain again", async () => {
    const domain = await world.start("ignores");
    await world.connection.destroyDomain(domain.uuid, "forced");
    const xml = await world.host.makeGuest(domain, "ignores");
    expect(await world.connection.createDomain(xml)).toEqual(domain);
    await world.sees(domain, ...booted, "shutdown host", "stopped destroyed", ...booted);
  });
}

function testPause(world: LibvirtWorld): void {
  test("stands still, also when asked twice, and goes on", async () => {
    const { uuid, ...domain } = await world.start("ignores");
    await world.connection.suspendDomain(uuid);
    await world.connection.suspendDomain(uuid);
    const paused = await world.connection.getDomainStatus(uuid);
    expect(paused).toEqual({ state: "paused", reason: "user" });
    await world.connection.resumeDomain(uuid);
    const running = await world.connection.getDomainStatus(uuid);
    expect(running).toEqual({ state: "running", reason: "unpaused" });
    await world.sees({ uuid, ...domain }, ...booted, "suspended paused", "resumed unpaused");
  });

  test("refuses to resume one that runs", async () => {
    const { uuid } = await world.start("ignores");
    const error = await refusal(world.connection.resumeDomain(uuid));
    expect(error.reason).toBe("OperationInvalid");
  });

  test("refuses the power button of one that stands still", async () => {
    const { uuid } = await world.start("obeys", ["paused"]);
    const error = await refusal(world.connection.shutdownDomain(uuid, "acpi"));
    expect(error.reason).toBe("OperationInvalid");
  });

  test("resets one without ending QEMU", async () => {
    const domain = await world.boot("obeys");
    const pid = await world.host.qemuPid(domain);
    await world.connection.resetDomain(domain.uuid);
    await world.seesOneOf(domain, "reboot", "reboot");
    expect(await world.host.qemuPid(domain)).toBe(pid);
    await world.sees(domain, ...booted);
  });
}

function testAgent(world: LibvirtWorld): void {
  test("tells that the agent is away, and refuses to ask it", async () => {
    const domain = await world.start("ignores");
    await world.seesOneOf(domain, "agent-lifecycle", "disconnected domain-started");
    const ping = world.connection.sendAgentCommand(domain.uuid, '{"execute":"guest-ping"}', 1);
    expect((await refusal(ping)).reason).toBe("AgentUnresponsive");
    const shutdown = world.connection.shutdownDomain(domain.uuid, "agent");
    expect((await refusal(shutdown)).reason).toBe("AgentUnresponsive");
  });
}

function testFaults(world: LibvirtWorld): void {
  test("tells that QEMU ended by itself", async () => {
    const domain = await world.start("ignores");
    await world.sees(domain, ...booted);
    await world.host.killQemu(domain);
    await world.sees(domain, ...booted, "stopped failed");
    expect(await world.connection.lookupDomain(domain.uuid)).toBeUndefined();
  });

  test("loses the connection with the daemon, never the guest", async () => {
    const domain = await world.start("ignores");
    const pid = await world.host.qemuPid(domain);
    expect(pid).toBeDefined();

    await world.host.killDaemon();
    expect(await world.connection.closed).toBeInstanceOf(Unavailable);
    expect(await failure(world.connection.listDomains())).toBeInstanceOf(Unavailable);
    expect(await failure(world.connect())).toBeInstanceOf(Unavailable);

    await world.host.startDaemon();
    await world.connect();
    expect(await world.connection.listDomains()).toEqual([domain]);
    expect((await world.connection.getDomainStatus(domain.uuid)).state).toBe("running");
    expect(await world.host.qemuPid(domain)).toBe(pid);
    await world.destroy(domain.uuid);
    expect(await world.connection.lookupDomain(domain.uuid)).toBeUndefined();
  });

  test("fails calls under way and after when the client closes", async () => {
    const under = failure(world.connection.getCapabilities());
    world.connection.close();
    world.connection.close();
    expect(await under).toBeInstanceOf(Unavailable);
    expect(await failure(world.connection.listDomains())).toBeInstanceOf(Unavailable);
    expect(await world.connection.closed).toBeUndefined();
    await world.connect();
  });
}

async function failure(call: Promise<unknown>): Promise<PortError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PortError)) throw new Error(`not a PortError: ${String(error)}`);
  return error;
}

async function refusal(call: Promise<unknown>): Promise<LibvirtError> {
  const error = await failure(call);
  expect(error).toBeInstanceOf(LibvirtError);
  return error as LibvirtError;
}
