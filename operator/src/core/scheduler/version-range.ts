// SPDX-License-Identifier: Apache-2.0
/** Major, minor and micro of a version in one number, for example 8002001 for 8.2.1. */
export function versionOf(number: number): readonly number[] {
  return [Math.floor(number / 1e6), Math.floor(number / 1e3) % 1e3, number % 1e3];
}

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
  ">=": (order) => order >= 0,
  ">": (order) => order > 0,
};

const condition = /^\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)*)\s*$/;

/** Whether a version keeps every condition of a list such as `>=8.2,<9`. False when one cannot be read. */
export function satisfiesVersion(version: readonly number[], range: string): boolean {
  return range.split(",").every((text) => {
    const [, operator = "", wanted = ""] = condition.exec(text) ?? [];
    return operators[operator]?.(compare(version, wanted.split(".").map(Number))) ?? false;
  });
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
