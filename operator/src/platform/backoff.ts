// SPDX-License-Identifier: Apache-2.0
import type { Random } from "../ports/random.ts";

export interface BackoffBounds {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after the `failures`-th failure in a row (1 or more): doubled each time up to a
 * bound, then somewhere in its upper half, so that those who failed together do not return together.
 */
export function backoffMs(failures: number, bounds: BackoffBounds, random: Random): number {
  // 2 ** 1024 is Infinity, which the bound cuts as well.
  const ceilingMs = Math.min(bounds.maxMs, bounds.firstMs * 2 ** (failures - 1));
  return ceilingMs * (0.5 + random.fraction() / 2);
}
