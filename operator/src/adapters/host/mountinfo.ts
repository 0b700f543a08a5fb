// SPDX-License-Identifier: Apache-2.0
import type { Mount } from "../../ports/mounts.ts";

/**
 * Reads the text of /proc/self/mountinfo. The kernel lists mounts in no order that may be relied on,
 * so they are sorted: what is mounted in a mount comes after it. Throws an Error on text that no
 * kernel writes.
 */
export function parseMountinfo(text: string): Mount[] {
  const entries = text
    .split("\n")
    .filter((line) => line !== "")
    .map(parseLine);
  return parentsFirst(entries).map(({ mount }) => mount);
}

interface Entry {
  readonly id: string;
  readonly parentId: string;
  readonly mount: Mount;
}

function parseLine(line: string): Entry {
  // Optional fields of any number end with a single dash; the type stands right after it.
  const [left, right] = splitOnce(line, " - ");
  const [id, parentId, device, root, path, options] = left.split(" ");
  const [type] = right.split(" ");
  const isWhole = [id, parentId, device, root, path, options, type].every(Boolean);
  if (!isWhole) throw new Error("a line of mountinfo is not whole");
  return {
    id: id ?? "",
    parentId: parentId ?? "",
    mount: {
      path: unescape(path ?? ""),
      root: unescape(root ?? ""),
      device: device ?? "",
      type: unescape(type ?? ""),
      isReadOnly: (options ?? "").split(",").includes("ro"),
    },
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** The kernel writes blanks, line ends and backslashes as a backslash and three octal digits. */
function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Siblings keep the kernel's order. A mount over another at the same place is that one's child. */
function parentsFirst(entries: readonly Entry[]): Entry[] {
  const ids = new Set(entries.map(({ id }) => id));
  const childrenOf = new Map<string, Entry[]>();
  for (const entry of entries) {
    const siblings = childrenOf.get(entry.parentId);
    if (siblings === undefined) childrenOf.set(entry.parentId, [entry]);
    else siblings.push(entry);
  }
  // The root's parent is not listed, or is the root itself.
  const roots = entries.filter(({ id, parentId }) => !ids.has(parentId) || id === parentId);
  // A set takes each entry once, and goes on to those that are added while it is walked.
  const sorted = new Set(roots);
  for (const { id } of sorted) {
    for (const child of childrenOf.get(id) ?? []) sorted.add(child);
  }
  return [...sorted];
}
