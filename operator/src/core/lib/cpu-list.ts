// SPDX-License-Identifier: Apache-2.0
const part = /^(\^?)(\d{1,4})(?:-(\d{1,4}))?$/;

/**
 * The CPU numbers of a list such as `0-3,^2`, ascending and each once; those after `^` are left out,
 * wherever they stand. Undefined when it is no such list.
 */
export function parseCpuList(text: string): number[] | undefined {
  const listed = new Set<number>();
  const left = new Set<number>();
  for (const word of text.split(",")) {
    const [match, caret, first, last = first] = part.exec(word.trim()) ?? [];
    if (match === undefined || Number(first) > Number(last)) return undefined;
    const target = caret === "^" ? left : listed;
    for (let cpu = Number(first); cpu <= Number(last); cpu += 1) target.add(cpu);
  }
  return [...listed].filter((cpu) => !left.has(cpu)).toSorted((one, other) => one - other);
}
