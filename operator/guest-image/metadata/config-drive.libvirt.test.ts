// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { buildDebian } from "../../../e2e/guests/debian/build.ts";
import { factsOf } from "../../src/core/guest/metadata/facts.ts";
import { metadataOf } from "../../src/core/guest/metadata/metadata.ts";
import { networkDataOf } from "../../src/core/guest/metadata/network-data.ts";
import type { Recipe } from "../../src/core/guest/metadata/recipe.ts";
import { aGuest, aServer } from "../../src/testing/builders.ts";
import { until } from "../../src/testing/until.ts";
import { domainUuid, nicMacs } from "../testing/guest-domain.ts";
import { ServerPod } from "../testing/server-pod.ts";

const sshKey =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdqeBeojzDkQmXZd2ZRAqXlYkn8qCKLkqv1Yt6H8XKa me";
const userData = `#!/bin/sh
console() { sed 's/^/KILONOVA-GUEST told /' > /dev/console; }
echo user-data-ran | console
hostname --fqdn | console
cat /home/debian/.ssh/authorized_keys | console
cat /etc/systemd/network/10-cloud-init-*.network | console
`;

function recipeOf(drive: Recipe["drive"]): Recipe {
  const server = aServer({
    spec: {
      sshKeys: [{ secret: { name: "keys", key: "id.pub" } }],
      userData: { secret: { name: "data", key: "user" } },
      metadata: { role: "web" },
    },
  });
  const domain = { ...aGuest().spec.domain, hostname: "web-1.example.org" };
  const networkData = networkDataOf(
    [
      {
        name: "pod",
        mac: nicMacs[0],
        mtu: 1450,
        addresses: [{ kind: "dhcp", version: 4 }],
      },
      {
        name: "storage",
        mac: nicMacs[1],
        addresses: [{ kind: "static", version: 4, address: "192.0.2.7", netmask: "255.255.255.0" }],
      },
    ],
    [],
  );
  return { drive, entries: metadataOf(factsOf(server, domain), { networkData, nics: [] }) };
}

const secrets = { "ssh-key-0": `${sshKey}\n`, "user-data": userData };

let pod: ServerPod;

afterEach(() => pod.close());

/** Waits longer than {@link until}: a Debian boots slowly without KVM, and more so beside other tests. */
async function untilSaid(what: string, count = 1): Promise<void> {
  const hasSaid = (): boolean => pod.stdout.split(what).length > count;
  for (let attempt = 0; attempt < 18 && !hasSaid(); attempt += 1) {
    await until(what, hasSaid).catch(() => undefined);
  }
  expect(pod.stdout).toContain(what);
}

describe.each(["iso9660", "vfat"] as const)("a config drive of %s", (drive) => {
  test("is found and read by a guest", async () => {
    pod = await ServerPod.start({ recipe: recipeOf(drive), secrets });
    await pod.boot("bios");
    expect(pod.stdout).toContain(` config=vdb:${drive} `);
    const console = await pod.exec(["console"]);
    const ask = async (path: string): Promise<string> => {
      console.stdin?.write(`${path}\n`);
      const answers = (): string[] => pod.stdout.match(/KILONOVA-GUEST answer [^\n]*\n/g) ?? [];
      const before = answers().length;
      await until(`an answer to ${path}`, () => answers().length > before);
      return answers().at(-1) ?? "";
    };
    expect(await ask("/meta_data")).toContain("web-1.example.org");
    expect(await ask("/network_data")).toContain("192.0.2.7");
    expect(await ask("/user_data")).toContain("#!/bin/sh");
    console.stdin?.end();
  });
});

describe("cloud-init", () => {
  test("acts on the config drive at the first boot, and not at the next", {
    timeout: 1_200_000,
  }, async () => {
    pod = await ServerPod.start({ recipe: recipeOf("iso9660"), secrets });
    await pod.insertDisk((await buildDebian()).qcow2);
    await pod.create("bios");
    await untilSaid("KILONOVA-GUEST ready");
    const { uuid } = aGuest().spec.domain;
    expect(pod.stdout).toMatch(new RegExp(`ready web-1.example.org .* boots=1 instance=${uuid}`));
    for (const told of ["user-data-ran", "web-1.example.org", sshKey, "Address=192.0.2.7/24"]) {
      expect(pod.stdout).toContain(`KILONOVA-GUEST told ${told}`);
    }
    await pod.libvirt.shutdownDomain(domainUuid, "acpi");
    await until("it is off", async () => (await pod.libvirt.listDomains()).length === 0);
    await pod.create("bios");
    await untilSaid("KILONOVA-GUEST ready", 2);
    expect(pod.stdout).toMatch(new RegExp(`boots=2 instance=${uuid}`));
    expect(pod.stdout.split("told user-data-ran")).toHaveLength(2);
  });
});
