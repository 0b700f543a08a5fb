// SPDX-License-Identifier: Apache-2.0
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../adapters/clock/system-clock.ts";
import { createLibvirtClient } from "../adapters/libvirt/client.ts";
import type { Domain } from "../ports/libvirt.ts";
import { bootableDisk } from "./boot-sector.ts";
import { LibvirtHarness } from "./libvirt-harness.ts";
import type { LibvirtHost } from "./libvirt-world.ts";
import { until } from "./until.ts";

/** A real libvirtd in a sandbox over the guest image's files, and our client for it. */
export async function makeLibvirtHost(rootfs: string): Promise<LibvirtHost> {
  const harness = await LibvirtHarness.start(rootfs);
  const consoleOf = ({ name }: Domain): string =>
    join(harness.dataDirectory, "vm", `${name}.console`);
  return {
    libvirt: createLibvirtClient(systemClock),
    socketPath: harness.socketPath,
    async makeGuest(domain, powerButton) {
      await rm(consoleOf(domain), { force: true });
      await harness.writeFile(`${domain.name}.img`, bootableDisk(powerButton));
      return domainXml(domain);
    },
    async untilBooted(domain) {
      await until(`${domain.name} boots`, async () =>
        (await readFile(consoleOf(domain), "utf8")).endsWith("R"),
      );
    },
    qemuPid: ({ name }) => harness.qemuPid(name),
    killQemu: ({ name }) => harness.killQemu(name),
    killDaemon: () => harness.killDaemon(),
    startDaemon: () => harness.startDaemon(),
    close: () => harness.close(),
  };
}

/** TCG, because not every machine's KVM runs an unmodified guest. */
function domainXml({ name, uuid }: Domain): string {
  return `
<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='/data/vm/${name}.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='/data/vm/${name}.console'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <video><model type='none'/></video>
    <memballoon model='none'/>
  </devices>
</domain>`;
}
