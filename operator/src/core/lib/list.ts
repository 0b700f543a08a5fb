// SPDX-License-Identifier: Apache-2.0
/** `a`, `a and b`, `a, b and c`. */
export function describeList(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** The first `max` of them by name, and how many others there are: `a, b and 7 more`. */
export function describeFirst(items: readonly string[], max: number): string {
  const others = items.length - max;
  return describeList([...items.slice(0, max), ...(others > 0 ? [`${others} more`] : [])]);
}
