// SPDX-License-Identifier: Apache-2.0
/** A network in CIDR notation, as the bits that its addresses begin with. IPv4 is mapped into IPv6. */
interface Network {
  readonly prefix: bigint;
  readonly prefixBits: number;
}

/** Which addresses images may be fetched from. */
export interface SourcePolicy {
  /** Networks of the cluster: nodes, pods, Services. */
  readonly refused: readonly string[];
  /** Exceptions that the administrator makes; they win. */
  readonly allowed: readonly string[];
}

const addressBits = 128;
const mappedBits = 96;
const mappedPrefix = 0xffffn << 32n;

/**
 * Nobody outside this host is at these addresses, or everybody is: unspecified, loopback, link-local
 * (clouds answer for their credentials there), multicast, reserved, and IPv6 forms that carry an IPv4
 * address to a translator.
 */
const neverSources = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/127",
  "fe80::/10",
  "ff00::/8",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "2002::/16",
].map(mustNetwork);

/**
 * Whether an image may be fetched from this address. What is not an address, and networks in the policy
 * that cannot be read, allow nothing.
 */
export function isAllowedSource(address: string, policy: SourcePolicy): boolean {
  const value = readAddress(address);
  if (value === undefined) return false;
  if (policy.allowed.some((cidr) => isWithin(value, readNetwork(cidr)))) return true;
  const refused = policy.refused.map(readNetwork);
  if (refused.includes(undefined)) return false;
  return ![...neverSources, ...refused].some((network) => isWithin(value, network));
}

/** Whether a text is a network in CIDR notation, or one address. */
export function isNetwork(cidr: string): boolean {
  return readNetwork(cidr) !== undefined;
}

function isWithin(value: bigint, network: Network | undefined): boolean {
  if (network === undefined) return false;
  const shift = BigInt(addressBits - network.prefixBits);
  return value >> shift === network.prefix >> shift;
}

function mustNetwork(cidr: string): Network {
  const network = readNetwork(cidr);
  if (network === undefined) throw new Error(`bug: ${cidr} is no network`);
  return network;
}

function readNetwork(cidr: string): Network | undefined {
  const [address = "", bits, ...rest] = cidr.split("/");
  const prefix = readAddress(address);
  if (prefix === undefined || rest.length > 0) return undefined;
  if (bits === undefined) return { prefix, prefixBits: addressBits };
  if (!/^\d{1,3}$/.test(bits)) return undefined;
  const prefixBits = Number(bits) + (address.includes(":") ? 0 : mappedBits);
  return prefixBits <= addressBits ? { prefix, prefixBits } : undefined;
}

/** The 128 bits of an address; an IPv4 one is the IPv6 one that it is mapped to. */
function readAddress(text: string): bigint | undefined {
  return text.includes(":") ? readIpv6(text) : mapped(readIpv4(text));
}

function mapped(ipv4: bigint | undefined): bigint | undefined {
  return ipv4 === undefined ? undefined : mappedPrefix | ipv4;
}

function readIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  const isValid = parts.length === 4 && parts.every(isOctet);
  if (!isValid) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function isOctet(part: string): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255;
}

/** Zones (`fe80::1%eth0`) name an interface of this host: no source of images has one. */
function readIpv6(text: string): bigint | undefined {
  const [head = "", tail, ...rest] = text.split("::");
  if (rest.length > 0) return undefined;
  const before = readGroups(head);
  const after = tail === undefined ? [] : readGroups(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const zeros = Array.from({ length: missing }, () => 0n);
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | group, 0n);
}

/** Groups of 16 bits; the last two may be written as an IPv4 address. */
function readGroups(text: string): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const ipv4 = index === parts.length - 1 ? readIpv4(part) : undefined;
    if (ipv4 !== undefined) groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}
