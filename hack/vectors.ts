// SPDX-License-Identifier: Apache-2.0
/**
 * `node hack/vectors.ts FILE...`: puts recorded questions to our scheduler and compares with what the real
 * one answered. Prints one line for each case, with the difference where there is one, and last
 * `N passed, N failed, N skipped`; a case is skipped only by a named rule, and the rules are counted.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type VectorFile, verdictsOf } from "./vectors/readers.ts";
import type { Verdict } from "./vectors/verdict.ts";

function load(path: string): VectorFile {
  const bytes = readFileSync(path);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return JSON.parse((isGzip ? gunzipSync(bytes) : bytes).toString()) as VectorFile;
}

function judged(path: string): readonly Verdict[] {
  const verdicts = verdictsOf(load(path));
  if (verdicts === undefined) throw new Error(`${path}: no reader understands this file`);
  return verdicts;
}

const counts = { passed: 0, failed: 0, skipped: 0 };
const skippedBy = new Map<string, number>();
for (const verdict of process.argv.slice(2).flatMap(judged)) {
  counts[verdict.outcome] += 1;
  if (verdict.outcome === "failed") process.stdout.write(`✗ ${verdict.name}: ${verdict.why}\n`);
  if (verdict.outcome === "passed") process.stdout.write(`✓ ${verdict.name}\n`);
  if (verdict.outcome === "skipped") {
    skippedBy.set(verdict.why, (skippedBy.get(verdict.why) ?? 0) + 1);
  }
}
for (const [rule, count] of skippedBy) process.stdout.write(`skipped ${count}: ${rule}\n`);
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
