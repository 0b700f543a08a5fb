// SPDX-License-Identifier: Apache-2.0
const distanceMax = 3;
const matchesMax = 3;

/** What somebody who wrote `word` may have meant: the nearest candidates, the best first. */
export function nearMatches(word: string, candidates: Iterable<string>): string[] {
  return [...candidates]
    .map((candidate) => ({ candidate, distance: distanceOf(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.min(distanceMax, candidate.length / 2))
    .toSorted((one, other) => one.distance - other.distance || compare(one, other))
    .slice(0, matchesMax)
    .map(({ candidate }) => candidate);
}

/** `; did you mean a, b?`, or nothing when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearMatches(word, candidates);
  return near.length === 0 ? "" : `; did you mean ${near.join(", ")}?`;
}

function compare(one: { candidate: string }, other: { candidate: string }): number {
  return one.candidate < other.candidate ? -1 : 1;
}

/** Levenshtein's distance: insertions, deletions and replacements that turn one word into the other. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1];
    for (const [column, target] of Array.from(other).entries()) {
      const replaced = (row[column] ?? 0) + (letter === target ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
