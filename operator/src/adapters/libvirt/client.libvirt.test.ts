// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeLibvirtConformance } from "../../testing/libvirt.conformance.ts";
import { makeLibvirtHost } from "../../testing/libvirt-host.ts";
import { LibvirtWorld } from "../../testing/libvirt-world.ts";

describeLibvirtConformance("real", makeLibvirtHost);

describe("the client of a real libvirtd", () => {
  const world = new LibvirtWorld();

  beforeAll(async () => {
    world.host = await makeLibvirtHost();
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
});
