// SPDX-License-Identifier: Apache-2.0
/** Figures as people and programs read them. */
export interface Report {
  /** What the figures were taken with, in a sentence or two. */
  readonly about: string;
  /** Measured values by name; the unit is the last word of the name. */
  readonly figures: Readonly<Record<string, number>>;
  /** Values that compare two figures of the same run. */
  readonly ratios: Readonly<Record<string, number>>;
}

export function renderReport(bench: string, { about, figures, ratios }: Report): string {
  const rows = [...Object.entries(figures), ...Object.entries(ratios)].map(
    ([name, value]) => `| ${name} | ${rounded(value)} |`,
  );
  const json = JSON.stringify({ bench, figures: roundAll(figures), ratios: roundAll(ratios) });
  return `${about}\n\n| ${bench} | |\n|---|---|\n${rows.join("\n")}\n\n${json}\n`;
}

/** The value below which this fraction of the values lies (nearest rank). */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.ceil(fraction * sorted.length) - 1);
  const value = sorted[rank];
  if (value === undefined) throw new RangeError("no values to take a percentile of");
  return value;
}

function roundAll(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number(rounded(value))]),
  );
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}
