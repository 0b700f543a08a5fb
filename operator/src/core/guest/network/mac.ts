// SPDX-License-Identifier: Apache-2.0

const offsetBasis = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;
const word = 64n;

/**
 * The hardware address of a card that nobody chose one for: the same as long as server and name are,
 * wherever the guest runs. It begins with `fa`, which marks it as administered locally.
 * Differs: Neutron keeps a table and leaves 24 bits; these 40 need no table.
 */
export function macOf(serverUuid: string, network: string): string {
  const hex = hash(`${serverUuid}/${network}`).toString(16).padStart(16, "0");
  const bytes = hex.slice(-10).match(/../g) ?? [];
  return ["fa", ...bytes].join(":");
}

/** FNV-1a, with its upper half folded into the lower. */
function hash(text: string): bigint {
  let value = offsetBasis;
  for (const character of text) {
    value ^= BigInt(character.charCodeAt(0));
    value = BigInt.asUintN(Number(word), value * prime);
  }
  return value ^ (value >> (word / 2n));
}
