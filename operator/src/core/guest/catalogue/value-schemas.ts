// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { parseCpuList } from "../../lib/cpu-list.ts";

const intMax = 2_147_483_647;

/** Any text: what it means is checked by who acts on it. */
export const anyText = z.string();

/** A whole number. */
export function whole(min: number, max = intMax): z.ZodType<number> {
  const range = max === intMax ? `of at least ${min}` : `from ${min} to ${max}`;
  const problem = `is not a whole number ${range}`;
  return z
    .string()
    .regex(/^-?\d{1,10}$/, problem)
    .transform(Number)
    .pipe(z.int().min(min, problem).max(max, problem));
}

/** One of some words, spelled as here. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodType<Words[number]> {
  return z.enum(words, `is not one of ${words.join(", ")}`);
}

const cpuListProblem = "is not a list of CPUs such as 0-3,^2";

/** CPU numbers, ascending and each once. */
export const cpuList = z.string().transform((text, context): number[] => {
  const cpus = parseCpuList(text);
  if (cpus !== undefined) return cpus;
  context.addIssue(cpuListProblem);
  return z.NEVER;
});

/** Some of a guest's CPUs. A list that begins with `^` means all but those: it stays as it is written. */
export const cpuMask = z
  .string()
  .refine((text) => parseCpuList(text) !== undefined, cpuListProblem);

const kibPerUnit: Readonly<Record<string, number>> = { K: 1, M: 2 ** 10, G: 2 ** 20, T: 2 ** 30 };

/** `small`, `large`, `any`, or the size of a page in KiB, which may be written as `2MB`. */
export const pageSize = z
  .string()
  .regex(
    /^(small|large|any|\d{1,10}|\d{1,10}[KMGT]i?B)$/,
    "is not small, large, any or a size such as 2MB",
  )
  .transform((text): "small" | "large" | "any" | number => {
    if (text === "small" || text === "large" || text === "any") return text;
    const unit = text.replace(/^\d+/, "").slice(0, 1);
    return Number.parseInt(text, 10) * (kibPerUnit[unit] ?? 1);
  });

/** Labels with commas between them. */
export const labels = z
  .string()
  .regex(/^[^,\s]+(,[^,\s]+)*$/, "is not a list of labels with commas between them")
  .transform((text) => text.split(","));
