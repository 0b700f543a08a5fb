// SPDX-License-Identifier: Apache-2.0
/** Whether an IPv4 or IPv6 address is in a network in CIDR notation. False when one cannot be read. */
export function isInNetwork(address: string, network: string): boolean {
  const [base = "", prefix = ""] = network.split("/");
  const bits = bitsOf(base);
  const own = bitsOf(address);
  const length = /^\d+$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (bits === undefined || own === undefined || bits.length !== own.length) return false;
  return length <= bits.length && own.startsWith(bits.slice(0, length));
}

function bitsOf(address: string): string | undefined {
  return address.includes(":") ? ipv6Bits(address) : ipv4Bits(address);
}

function ipv4Bits(address: string): string | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every(isByte)) return undefined;
  return parts.map((part) => Number(part).toString(2).padStart(8, "0")).join("");
}

const isByte = (part: string): boolean => /^\d{1,3}$/.test(part) && Number(part) < 256;

function ipv6Bits(address: string): string | undefined {
  const [head = "", tail, ...more] = address.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const missing = 8 - before.length - after.length;
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

const groupsOf = (text: string): string[] => (text === "" ? [] : text.split(":"));
