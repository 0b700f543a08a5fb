// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guestRootfs } from "../../../../hack/image/guest.ts";
import { systemClock } from "../../adapters/clock/system-clock.ts";
import { createLibvirtClient } from "../../adapters/libvirt/client.ts";
import type { LibvirtConnection } from "../../ports/libvirt.ts";
import { goldenDomains } from "../../testing/golden-domains.ts";
import { LibvirtHarness } from "../../testing/libvirt-harness.ts";
import { emptyQcow2 } from "../../testing/qcow2.ts";
import { buildDomain } from "./build.ts";
import type { DomainDefinition } from "./domain.ts";
import { machineTypeIn } from "./live-xml.ts";
import { domainXml } from "./xml.ts";

let harness: LibvirtHarness;
let connection: LibvirtConnection;

beforeAll(async () => {
  harness = await LibvirtHarness.start(await guestRootfs());
  await harness.writeFile("disk.qcow2", emptyQcow2(64));
  await harness.writeFile("config-drive", new Uint8Array(2048));
  const libvirt = createLibvirtClient(systemClock);
  connection = await libvirt.connect(harness.socketPath, { timeoutSeconds: 10 });
});

afterAll(async () => {
  connection.close();
  await harness.close();
});

/** TCG, because not every machine's KVM runs an unmodified guest. */
const accepted = goldenDomains.filter(({ virtType }) => virtType === "qemu");

describe("a real libvirtd", () => {
  test("is asked to take something", () => {
    expect(accepted.length).toBeGreaterThan(3);
  });

  test.each(accepted)("takes $name and starts it", async ({ guest, virtType }) => {
    const definition = withOurTaps(buildDomain(guest, virtType));
    await connection.createDomain(domainXml(definition), ["paused", "validate"]);
    try {
      const live = await connection.getDomainXml(definition.uuid);
      expect(machineTypeIn(live)).toMatch(/^pc-q35-\d/);
      expect(spareRootPorts(live)).toBe(6);
      expect(live).toContain("<driver name='qemu' type='qcow2' cache='none'");
      await connection.resumeDomain(definition.uuid);
      expect(await connection.getDomainStatus(definition.uuid)).toMatchObject({ state: "running" });
    } finally {
      await connection.destroyDomain(definition.uuid, "forced");
    }
  });
});

/** A tap has several queues from its beginning, or never. */
function withOurTaps(definition: DomainDefinition): DomainDefinition {
  const interfaces = definition.interfaces.map((card) =>
    card.queues === undefined ? card : { ...card, tap: `${card.tap}-queues` },
  );
  return { ...definition, interfaces };
}

/** Root ports whose bus no device is on. */
function spareRootPorts(xml: string): number {
  const ports = [...xml.matchAll(/index='(\d+)' model='pcie-root-port'/g)].map(([, bus]) => bus);
  const used = [...xml.matchAll(/<address type='pci' [^>]*bus='0x([0-9a-f]+)'/g)].map(([, bus]) =>
    String(Number.parseInt(bus ?? "", 16)),
  );
  return ports.filter((bus) => !used.includes(String(bus))).length;
}
