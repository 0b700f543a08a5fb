// SPDX-License-Identifier: Apache-2.0
/** `a`, `a and b`, `a, b and c`. */
export function describeList(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
