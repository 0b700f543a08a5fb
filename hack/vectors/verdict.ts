// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

/** What became of one recorded case. `why` names the difference, or the rule that skips the case. */
export type Verdict =
  | { readonly outcome: "passed"; readonly name: string }
  | { readonly outcome: "failed" | "skipped"; readonly name: string; readonly why: string };

const named = z.looseObject({ name: z.string() });

/** Judges every case by itself: one that cannot be read fails alone. */
export function judgeEach<T extends z.ZodType>(
  cases: unknown,
  schema: T,
  judge: (one: z.output<T>) => Verdict,
): Verdict[] {
  return z
    .array(named)
    .parse(cases)
    .map((recorded) => {
      const { name } = recorded;
      try {
        return judge(schema.parse(recorded));
      } catch (error) {
        if (!(error instanceof z.ZodError)) throw error;
        return { outcome: "failed", name, why: `cannot be read: ${z.prettifyError(error)}` };
      }
    });
}

/** Whether the cases of a file are of the kind that has these members. */
export function areCasesWith(cases: unknown, ...members: readonly string[]): boolean {
  if (!Array.isArray(cases) || cases.length === 0) return false;
  const first: unknown = cases[0];
  return typeof first === "object" && first !== null && members.every((one) => one in first);
}
