// SPDX-License-Identifier: Apache-2.0
/** What QEMU on this host can give to a domain, as far as a trait speaks of it. */
export interface DomainCapabilities {
  /** Firmware that libvirt finds by itself: `bios`, `efi`. */
  readonly firmware: readonly string[];
  readonly diskBuses: readonly string[];
}

/**
 * Reads libvirt's domain capabilities. Takes any text: what it does not find is not supported, and the
 * work grows with the length of the text only.
 */
export function readDomainCapabilities(xml: string): DomainCapabilities {
  return {
    firmware: enumValues(section(xml, "os"), "firmware"),
    diskBuses: enumValues(section(xml, "disk"), "bus"),
  };
}

/** The text between the first start tag of the element that says it is supported, and its end tag. */
function section(xml: string, element: string): string {
  return between(xml, `<${element} supported='yes'>`, `</${element}>`);
}

function enumValues(xml: string, name: string): string[] {
  const values = between(xml, `<enum name='${name}'>`, "</enum>");
  return [...values.matchAll(/<value>([\w.-]{1,64})<\/value>/g)].map((match) => match[1] ?? "");
}

function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start);
  if (from < 0) return "";
  const to = text.indexOf(end, from);
  return to < 0 ? "" : text.slice(from + start.length, to);
}
