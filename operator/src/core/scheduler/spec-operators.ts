// SPDX-License-Identifier: Apache-2.0
import type { SchedulerSettings } from "./settings.ts";

type Comparison = (value: string, wanted: string) => boolean;

/** Compares as numbers; what is no number compares to nothing. */
function numeric(compare: (value: number, wanted: number) => boolean): Comparison {
  return (value, wanted) => {
    const numbers = [value, wanted].map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
    const [one = Number.NaN, other = Number.NaN] = numbers;
    return !Number.isNaN(one) && !Number.isNaN(other) && compare(one, other);
  };
}

/** Operators with one word after them. `=` means at least, as it always has. */
const comparisons: Readonly<Record<string, Comparison>> = {
  "=": numeric((value, wanted) => value >= wanted),
  "==": numeric((value, wanted) => value === wanted),
  "!=": numeric((value, wanted) => value !== wanted),
  ">=": numeric((value, wanted) => value >= wanted),
  "<=": numeric((value, wanted) => value <= wanted),
  "s==": (value, wanted) => value === wanted,
  "s!=": (value, wanted) => value !== wanted,
  "s<": (value, wanted) => value < wanted,
  "s<=": (value, wanted) => value <= wanted,
  "s>": (value, wanted) => value > wanted,
  "s>=": (value, wanted) => value >= wanted,
  "<in>": (value, wanted) => value.includes(wanted),
};

/**
 * Whether a value satisfies what an extra spec demands of it, for example `>= 4`, `<in> avx`,
 * `<all-in> sse avx`, `<or> ssd <or> nvme`, or a plain value that it has to be equal to.
 * Source: nova-semantics 4.3. Differs: a comparison of what is no number fails instead of ending the
 * decision.
 */
export function matchesSpec(value: string | undefined, demand: string): boolean {
  if (value === undefined) return false;
  const [operator = "", ...words] = demand.split(/\s+/).filter((word) => word !== "");
  // Every second word is an alternative: between them stands `<or>` again.
  if (operator === "<or>") return words.some((word, at) => at % 2 === 0 && word === value);
  if (operator === "<all-in>") {
    return words.length > 0 && words.every((word) => value.includes(word));
  }
  const comparison = comparisons[operator];
  if (comparison === undefined) return value === demand;
  const [wanted] = words;
  return wanted !== undefined && comparison(value, wanted);
}

/** What one extra spec demands of a value that the host has under a key. */
interface Demand {
  readonly key: string;
  readonly demand: string;
  /** The extra spec has no namespace. */
  readonly isUnscoped: boolean;
}

/** The extra specs of a namespace, without it, and those with none where the settings say so. */
export function demandsOf(
  extraSpecs: Readonly<Record<string, string>> = {},
  namespace: string,
  { matchesUnscopedExtraSpecs = false }: SchedulerSettings,
): Demand[] {
  return Object.entries(extraSpecs).flatMap(([name, demand]) => {
    if (name.startsWith(namespace)) {
      return { key: name.slice(namespace.length), demand, isUnscoped: false };
    }
    const isUnscoped = !name.includes(":");
    return isUnscoped && matchesUnscopedExtraSpecs ? { key: name, demand, isUnscoped } : [];
  });
}
