// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildTiny } from "../../e2e/guests/tiny/build.ts";
import { systemClock } from "../src/adapters/clock/system-clock.ts";
import { createLibvirtClient } from "../src/adapters/libvirt/client.ts";
import type { LibvirtConnection } from "../src/ports/libvirt.ts";
import { until } from "../src/testing/until.ts";
import { ServerPod } from "./server-pod.ts";

const uuid = "5e1f0a52-0b6c-4d34-9b8a-0a5d3d8a1001";

/** The domain of a server as the operator makes it, as far as the image is concerned. TCG runs anywhere. */
function domainXml(firmware: "bios" | "efi"): string {
  return `
<domain type='qemu'>
  <name>guest</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>256</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <vcpu>1</vcpu>
  <os${firmware === "efi" ? " firmware='efi'" : ""}>
    <type arch='x86_64' machine='q35'>hvm</type>
    ${firmware === "efi" ? "<nvram>/data/vm/nvram.fd</nvram>" : ""}
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap' io='threads'/>
      <source file='/data/vm/disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='unix'>
      <source mode='connect' path='/data/run/serial0.sock'>
        <reconnect enabled='yes' timeout='1'/>
      </source>
      <target port='0'/>
    </serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <video><model type='none'/></video>
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>`;
}

let pod: ServerPod;
let libvirt: LibvirtConnection;

beforeEach(async () => {
  pod = await ServerPod.start();
  const socketPath = join(pod.runDirectory, "libvirt/libvirt-sock");
  libvirt = await createLibvirtClient(systemClock).connect(socketPath, { timeoutSeconds: 10 });
  await pod.addFile((await buildTiny()).qcow2, "disk.qcow2");
});

afterEach(async () => {
  libvirt.close();
  await pod.close();
});

async function boot(firmware: "bios" | "efi"): Promise<void> {
  await libvirt.createDomain(domainXml(firmware));
  await until("the guest is up", () => pod.stdout.includes("KILONOVA-GUEST up"));
}

describe("a guest in the guest image", () => {
  test.each(["bios", "efi"] as const)("boots with %s and obeys the power button", async (kind) => {
    const startedAt = performance.now();
    await boot(kind);
    console.log(kind, "up after", ((performance.now() - startedAt) / 1000).toFixed(1));
    expect(pod.stdout).toMatch(/KILONOVA-GUEST ready kilonova-tiny - boot_id=/);
    expect(pod.stdout).toContain(`efi=${kind === "efi" ? 1 : 0} `);
    await until("the heart beats", () => /KILONOVA-GUEST hb n=2 /.test(pod.stdout));
    await libvirt.shutdownDomain(uuid, "acpi");
    await until("the guest is off", async () => (await libvirt.listDomains()).length === 0);
    expect(pod.stdout).toContain("KILONOVA-GUEST poweroff");
  });
});
