// SPDX-License-Identifier: Apache-2.0
import { allocationVectors } from "./allocations.ts";
import { candidateVectors } from "./candidates.ts";
import { filterVectors } from "./filters.ts";
import { numaVectors } from "./numa.ts";
import type { Verdict } from "./verdict.ts";
import { weigherVectors } from "./weighers.ts";

/** A file of recorded questions and answers, parsed but not understood yet. */
export type VectorFile = Readonly<Record<string, unknown>>;

/** Which reader understands a file, told by its content: names of files may change. */
const readers: readonly ((file: VectorFile) => readonly Verdict[] | undefined)[] = [
  filterVectors,
  weigherVectors,
  numaVectors,
  candidateVectors,
  allocationVectors,
];

/** What became of every case in the file; undefined when no reader understands it. */
export function verdictsOf(file: VectorFile): readonly Verdict[] | undefined {
  for (const read of readers) {
    const verdicts = read(file);
    if (verdicts !== undefined) return verdicts;
  }
  return undefined;
}
