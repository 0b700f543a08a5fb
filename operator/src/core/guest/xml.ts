// SPDX-License-Identifier: Apache-2.0
import type { Disk, DomainDefinition, Firmware, Interface, Smbios } from "./domain.ts";

type Attributes = Readonly<Record<string, string | number>>;

/** An element: its children are elements, or one text. */
interface Element {
  readonly name: string;
  readonly attributes: Attributes;
  readonly content: readonly Element[] | string;
}

/** Writes a domain down as libvirt reads it. What it says was decided before. */
export function domainXml(domain: DomainDefinition): string {
  const { uuid, vcpus } = domain;
  return write(
    element("domain", { type: domain.virtType }, [
      text("name", {}, domain.name),
      text("uuid", {}, uuid),
      text("memory", { unit: "MiB" }, domain.memoryMib),
      element("memoryBacking", {}, [
        element("source", { type: "memfd" }),
        element("access", { mode: "shared" }),
      ]),
      text("vcpu", { placement: "static" }, vcpus),
      text("iothreads", {}, domain.iothreads),
      sysinfo(domain.smbios, uuid),
      operatingSystem(domain),
      features(domain),
      cpu(domain),
      clock(),
      text("on_poweroff", {}, "destroy"),
      text("on_reboot", {}, "restart"),
      text("on_crash", {}, "destroy"),
      devices(domain),
    ]),
    "",
  );
}

function sysinfo(smbios: Smbios, uuid: string): Element {
  const { manufacturer, product, serial: serialNumber, family, oemStrings } = smbios;
  const system = { manufacturer, product, serial: serialNumber, uuid, family };
  const entries = Object.entries(system).map(([name, value]) => text("entry", { name }, value));
  const strings = oemStrings.map((value) => text("entry", {}, value));
  return element("sysinfo", { type: "smbios" }, [
    element("system", {}, entries),
    element("oemStrings", {}, strings),
  ]);
}

function operatingSystem({ arch, machine, firmware }: DomainDefinition): Element {
  return element("os", firmware.kind === "uefi" ? { firmware: "efi" } : {}, [
    text("type", { arch, machine }, "hvm"),
    ...uefi(firmware),
    element("smbios", { mode: "sysinfo" }),
  ]);
}

function uefi(firmware: Firmware): Element[] {
  if (firmware.kind !== "uefi") return [];
  return [
    element("firmware", {}, [
      element("feature", { enabled: "no", name: "enrolled-keys" }),
      element("feature", { enabled: "no", name: "secure-boot" }),
    ]),
    text("nvram", {}, firmware.nvram),
  ];
}

function features({ translationCacheMib }: DomainDefinition): Element {
  const translation =
    translationCacheMib === undefined
      ? []
      : [element("tcg", {}, [text("tb-cache", { unit: "MiB" }, translationCacheMib)])];
  return element("features", {}, [element("acpi", {}), element("apic", {}), ...translation]);
}

function cpu({ cpu: choice, vcpus }: DomainDefinition): Element {
  const topology = element("topology", { sockets: vcpus, dies: 1, cores: 1, threads: 1 });
  if (choice.mode !== "custom") return element("cpu", { mode: choice.mode }, [topology]);
  return element("cpu", { mode: "custom", match: "exact", check: "partial" }, [
    text("model", { fallback: "forbid" }, choice.model),
    topology,
  ]);
}

function clock(): Element {
  return element("clock", { offset: "utc" }, [
    element("timer", { name: "rtc", tickpolicy: "catchup" }),
    element("timer", { name: "pit", tickpolicy: "delay" }),
    element("timer", { name: "hpet", present: "no" }),
  ]);
}

function devices(domain: DomainDefinition): Element {
  const ports = Array.from({ length: domain.pciePorts }, () =>
    element("controller", { type: "pci", model: "pcie-root-port" }),
  );
  return element("devices", {}, [
    text("emulator", {}, domain.emulator),
    ...domain.disks.map(disk),
    ...domain.interfaces.map(networkInterface),
    element("controller", { type: "pci", model: "pcie-root" }),
    ...ports,
    element("controller", { type: "usb", model: "none" }),
    serial(domain.serialSocket),
    ...(domain.hasGuestAgent ? guestAgent() : []),
    element("video", {}, [element("model", { type: "none" })]),
    element("audio", { id: 1, type: "none" }),
    element("memballoon", { model: "none" }),
    ...(domain.hasRng ? [rng()] : []),
  ]);
}

function disk({ path, format, isReadOnly, target, ...rest }: Disk): Element {
  const { cache, io, discard, iothread, bootIndex } = rest;
  const thread = iothread === undefined ? {} : { iothread };
  const driver = { name: "qemu", type: format, cache, io, discard, ...thread };
  return element("disk", { type: "file", device: "disk" }, [
    element("driver", driver),
    element("source", { file: path }),
    element("target", { dev: target, bus: "virtio" }),
    ...(bootIndex === undefined ? [] : [element("boot", { order: bootIndex })]),
    ...(isReadOnly ? [element("readonly", {})] : []),
  ]);
}

/** Without its boot ROM, which would cost the boot time and look for nothing. */
function networkInterface({ mac, tap, queues }: Interface): Element {
  return element("interface", { type: "ethernet" }, [
    element("mac", { address: mac }),
    element("target", { dev: tap, managed: "no" }),
    element("model", { type: "virtio" }),
    ...(queues === undefined ? [] : [element("driver", { queues })]),
    element("rom", { enabled: "no" }),
  ]);
}

/** QEMU is the client, and connects again when the console service was started anew. */
function serial(path: string): Element {
  return element("serial", { type: "unix" }, [
    element("source", { mode: "connect", path }, [
      element("reconnect", { enabled: "yes", timeout: 1 }),
    ]),
    element("target", { port: 0 }),
  ]);
}

function guestAgent(): Element[] {
  return [
    element("controller", { type: "virtio-serial", index: 0 }),
    element("channel", { type: "unix" }, [
      element("target", { type: "virtio", name: "org.qemu.guest_agent.0" }),
    ]),
  ];
}

function rng(): Element {
  return element("rng", { model: "virtio" }, [
    text("backend", { model: "random" }, "/dev/urandom"),
  ]);
}

function element(name: string, attributes: Attributes, children: readonly Element[] = []): Element {
  return { name, attributes, content: children };
}

function text(name: string, attributes: Attributes, value: string | number): Element {
  return { name, attributes, content: String(value) };
}

function write({ name, attributes, content }: Element, indent: string): string {
  const start = Object.entries(attributes).reduce(
    (tag, [key, value]) => `${tag} ${key}="${escape(String(value))}"`,
    `${indent}<${name}`,
  );
  if (typeof content === "string") return `${start}>${escape(content)}</${name}>\n`;
  if (content.length === 0) return `${start}/>\n`;
  const children = content.map((child) => write(child, `${indent}  `)).join("");
  return `${start}>\n${children}${indent}</${name}>\n`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** XML 1.0 has no way to write most control characters: they are left out. */
function escape(value: string): string {
  return value
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
