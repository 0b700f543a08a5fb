// SPDX-License-Identifier: Apache-2.0
import type { DryRun } from "./dry-run.ts";

/** Why each host was excluded, what the others weigh, and which one wins, for people. */
export function explain({ server, request, choice, result }: DryRun): string {
  const { excluded, fitting } = choice;
  const { namespace, name } = server.metadata;
  const taken = Object.entries(request.resources).map(([one, amount]) => `${amount} ${one}`);
  const parts = [
    `Server ${namespace}/${name}, flavor ${server.spec.flavor}, takes ${taken.join(", ")}.`,
    excluded.length > 0 && section("Excluded", excludedRows(choice)),
    fitting.length > 0 && section("Fitting, the best first", weightRows(choice)),
    conclusion(choice, result),
  ];
  return `${parts.filter((part) => part !== false).join("\n\n")}\n`;
}

function conclusion({ fitting }: DryRun["choice"], result: DryRun["result"]): string {
  if (!result.ok) return `No host: ${result.message}.`;
  const why =
    fitting.length === 1 ? "the only one that fits" : `the best of ${fitting.length} that fit`;
  return `Chosen: ${result.host}, ${why}.`;
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return `${title}:\n${columns(rows)}`;
}

function excludedRows({ excluded }: DryRun["choice"]): string[][] {
  return excluded.map(({ host, cause }) => [host.name, cause]);
}

/** One row a host, one column a weigher that tells the hosts apart. */
function weightRows({ fitting, weights, best }: DryRun["choice"]): string[][] {
  const rows = fitting.map(({ name }, index) => ({
    name: index === best ? `${name} *` : name,
    isBest: index === best,
    score: weights.scores[index] ?? 0,
    parts: weights.weightsAt(index),
  }));
  rows.sort((a, b) => Number(b.isBest) - Number(a.isBest) || b.score - a.score);
  const names = Object.keys(rows[0]?.parts ?? {});
  const head = ["host", "score", ...names];
  return [
    head,
    ...rows.map(({ name, score, parts }) => [
      name,
      numberText(score),
      ...names.map((one) => numberText(parts[one] ?? 0)),
    ]),
  ];
}

/** Without a sign for what rounds to 0. */
function numberText(value: number): string {
  return (Math.round(value * 1000) / 1000 + 0).toFixed(3);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`)
    .map((line) => line.trimEnd())
    .join("\n");
}
