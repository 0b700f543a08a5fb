// SPDX-License-Identifier: Apache-2.0
const multipliers: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const pattern = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)?|[eE]([+-]?\d+))$/;

/** The number that a Kubernetes quantity such as `1536Mi` or `1.5e9` says; undefined when it says none. */
export function parseQuantity(text: string): number | undefined {
  const [, digits, suffix, exponent] = pattern.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(`${digits}e${exponent ?? 0}`) * (multipliers[suffix ?? ""] ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
