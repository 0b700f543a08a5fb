// SPDX-License-Identifier: Apache-2.0
import { FakeLibvirt } from "./fake-libvirt.ts";
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
