// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guestRootfs } from "../../../../hack/image/guest.ts";
import { Unavailable } from "../../ports/errors.ts";
import { describeLibvirtConformance } from "../../testing/libvirt.conformance.ts";
import { makeLibvirtHost } from "../../testing/libvirt-host.ts";
import { LibvirtWorld, type LibvirtHost } from "../../testing/libvirt-world.ts";
import { until } from "../../testing/until.ts";

async function makeHost(): Promise<LibvirtHost> {
  return makeLibvirtHost(await guestRootfs());
}

describeLibvirtConformance("real", makeHost);

describe("the client of a real libvirtd", () => {
  const world = new LibvirtWorld();

  beforeAll(async () => {
    world.host = await makeHost();
    await world.connect();
  });

  afterAll(async () => {
    await world.disconnect();
    await world.host.close();
  });

  test("stays connected while it idles: the daemon ends a connection that is silent for 3 s", async () => {
    await sleep(5000);
    expect(await world.connection.listDomains()).toEqual([]);
  });

  test("has XML checked against libvirt's schema when it asks for that", async () => {
    const xml = await world.host.makeGuest(world.newDomain(), "ignores");
    const wrong = xml.replace("<vcpu>", "<nonsense/><vcpu>");
    await expect(world.connection.createDomain(wrong, ["validate"])).rejects.toMatchObject({
      reason: "XmlInvalidSchema",
      retry: "never",
    });
    const { uuid } = await world.connection.createDomain(xml, ["validate"]);
    await world.destroy(uuid);
  });

  test("carries XML of megabytes both ways", async () => {
    const domain = world.newDomain();
    const description = "é".repeat(1_000_000);
    const xml = (await world.host.makeGuest(domain, "ignores")).replace(
      "<memory",
      `<description>${description}</description><memory`,
    );
    await world.connection.createDomain(xml);
    expect(await world.connection.getDomainXml(domain.uuid)).toContain(description);
    await world.destroy(domain.uuid);
  });

  test("carries many calls at once", async () => {
    const { uuid } = await world.start("ignores");
    const calls = Array.from({ length: 200 }, () => world.connection.getDomainStatus(uuid));
    for (const status of await Promise.all(calls)) expect(status.state).toBe("running");
    await world.destroy(uuid);
  });

  test("finds nothing left of a start that the daemon's death cut short, and can start anew", async () => {
    const domain = world.newDomain();
    const xml = await world.host.makeGuest(domain, "ignores");
    const start = world.connection.createDomain(xml).catch((error: unknown) => error);
    await until("QEMU runs", async () => (await world.host.qemuPid(domain)) !== undefined);
    await world.host.killDaemon();
    expect(await start).toBeInstanceOf(Unavailable);

    await world.host.startDaemon();
    await world.connect();
    const isGone = async (): Promise<boolean> =>
      (await world.connection.lookupDomain(domain.uuid)) === undefined;
    await until("the daemon ends what it began", isGone);
    expect(await world.connection.createDomain(xml)).toEqual(domain);
    await world.destroy(domain.uuid);
  });
});
