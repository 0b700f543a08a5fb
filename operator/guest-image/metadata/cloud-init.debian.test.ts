// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { buildDebian } from "../../../e2e/guests/debian/build.ts";
import { aGuest } from "../../src/testing/builders.ts";
import { until } from "../../src/testing/until.ts";
import { recipeOf, secrets, sshKey } from "../testing/config-drive-recipe.ts";
import { domainUuid } from "../testing/guest-domain.ts";
import { ServerPod } from "../testing/server-pod.ts";

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
