// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aGuest } from "../../testing/builders.ts";
import { goldenDomains } from "../../testing/golden-domains.ts";
import { buildDomain, machineOf } from "./build.ts";
import { machineTypeIn } from "./live-xml.ts";
import { domainXml } from "./xml.ts";

describe("a guest's domain", () => {
  test.each(goldenDomains)("$name is the one in testdata", async ({ name, guest, virtType }) => {
    const file = join(import.meta.dirname, "testdata", `${name}.xml`);
    await expect(domainXml(buildDomain(guest, virtType))).toMatchFileSnapshot(file);
  });

  test("takes what the first boot froze before what the host has", () => {
    const machine = { type: "pc-q35-9.2", cpuModel: "EPYC-Rome", virtType: "qemu" } as const;
    const { spec } = aGuest();
    const guest = aGuest({ spec: { domain: { ...spec.domain, machine } } });
    expect(buildDomain(guest, "kvm")).toMatchObject({
      machine: "pc-q35-9.2",
      cpu: { mode: "custom", model: "EPYC-Rome" },
      virtType: "qemu",
    });
  });

  test("has the same machine when what it reports is frozen and built again elsewhere", () => {
    const first = buildDomain(aGuest(), "kvm");
    const machine = machineOf(first, "pc-q35-10.0", "1.0");
    const { spec } = aGuest();
    const again = buildDomain(aGuest({ spec: { domain: { ...spec.domain, machine } } }), "qemu");
    expect(again).toEqual({ ...first, machine: "pc-q35-10.0" });
  });

  test("has a root port for each of its devices and six to spare", () => {
    const { spec } = aGuest();
    const bare = aGuest({ spec: { domain: { ...spec.domain, hasRng: false } } });
    expect(buildDomain(bare, "kvm").pciePorts).toBe(8);
    const full = aGuest({ spec: { domain: { ...spec.domain, hasGuestAgent: true } } });
    expect(buildDomain(full, "kvm").pciePorts).toBe(10);
  });
});

describe("XML", () => {
  test("carries any host name without becoming another domain", () => {
    const { spec } = aGuest();
    const hostname = `</entry><x a="'&\u0000\u{1f600}`;
    const guest = aGuest({ spec: { domain: { ...spec.domain, hostname } } });
    const xml = domainXml(buildDomain(guest, "kvm"));
    expect(xml).toContain("hostname=&lt;/entry&gt;&lt;x a=&quot;&apos;&amp;\u{1f600}</entry>");
  });
});

describe("the machine type of a running domain", () => {
  test("is read from its XML", () => {
    const xml = "<os firmware='efi'>\n <type arch='x86_64' machine='pc-q35-10.0'>hvm</type>";
    expect(machineTypeIn(xml)).toBe("pc-q35-10.0");
  });

  test.each([
    "<type arch='x86_64' machine='pc-i440fx-10.0'>hvm</type>",
    `<type machine='pc-q35-${"9".repeat(99)}'>`,
    "<type machine='pc-q35-\"><x>'>",
    "",
  ])("is not taken from %j", (xml) => {
    expect(machineTypeIn(xml)).toBeUndefined();
  });
});
